import { fork } from "node:child_process";

/** The one message that a child sends. */
type ChildMessage = { readonly result: unknown } | { readonly failure: string };

/**
 * Runs a module of `children/` in a process of its own and resolves with its result after it has exited. Rejects with
 * the child's failure. `task` goes through JSON.
 */
export function runChild<Task, Result>(name: string, task: Task): Promise<Result> {
  const path = new URL(`../children/${name}.js`, import.meta.url);
  const child = fork(path, [JSON.stringify(task)], { execArgv: ["--expose-gc"] });
  return new Promise((resolve, reject) => {
    let message: ChildMessage = { failure: "it sent no message" };
    child.on("message", (received: ChildMessage) => {
      message = received;
    });
    child.on("error", reject);
    child.on("exit", (code) => {
      if ("result" in message) resolve(message.result as Result);
      else
        reject(
          new Error(`Expected a result of the child "${name}", which ended with ${code}: ${message.failure}`),
        );
    });
  });
}

/** The child's side: runs `work` with the parent's task and sends back its result or failure. */
export async function answerParent<Task, Result>(work: (task: Task) => Promise<Result>): Promise<void> {
  const send = (message: ChildMessage) =>
    new Promise<void>((resolve) => process.send?.(message, () => resolve()));
  try {
    await send({ result: await work(JSON.parse(process.argv[2] ?? "") as Task) });
  } catch (error) {
    await send({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
  process.disconnect();
}
