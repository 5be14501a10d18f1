import { fork } from "node:child_process";

/** What a child says: what it has found, or why not. */
type ChildMessage = { readonly result: unknown } | { readonly failure: string };

/** Runs a module of `children/` in a process of its own, gives it a task, and waits for its result and its end. */
export function runChild<Task, Result>(name: string, task: Task): Promise<Result> {
  const path = new URL(`../children/${name}.js`, import.meta.url);
  const child = fork(path, [JSON.stringify(task)], { execArgv: ["--expose-gc"] });
  return new Promise((resolve, reject) => {
    let message: ChildMessage = { failure: "it said nothing" };
    child.on("message", (said: ChildMessage) => {
      message = said;
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

/** The child's side: does the task that it was given, and tells the result. */
export async function answerParent<Task, Result>(work: (task: Task) => Promise<Result>): Promise<void> {
  const say = (message: ChildMessage) =>
    new Promise<void>((resolve) => process.send?.(message, () => resolve()));
  try {
    await say({ result: await work(JSON.parse(process.argv[2] ?? "") as Task) });
  } catch (error) {
    await say({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
  process.disconnect();
}
