import { SidecallError } from "../common/errors.ts";
import { EXIT, plainText } from "./usage.ts";

function exitCodeOf(error: unknown): number {
  if (!(error instanceof SidecallError)) return EXIT.broken;
  return error.code === "SIDECALL_SERVER_UNREACHABLE" ? EXIT.unreachable : EXIT.usage;
}

/** Runs the work of the process and exits with the code it resolves with. Prints a rejection as one line on stderr. */
export async function runAsProcess(work: () => Promise<number>): Promise<void> {
  // The reader of the output may close the pipe early, as `head` does.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
  // Without this listener Node.js would exit silently when the event loop is empty while `work` is pending.
  const stuck = () => {
    process.stderr.write(
      "sidecall: internal error: the event loop is empty but the command has not finished\n",
    );
    process.exitCode = EXIT.broken;
  };
  process.once("beforeExit", stuck);
  try {
    process.exitCode = await work();
    // After a signal, handlers that could not be stopped in time must not keep the process alive.
    if (process.exitCode === EXIT.sigint || process.exitCode === EXIT.sigterm) process.exit();
  } catch (error) {
    const code = error instanceof SidecallError ? ` [${error.code}]` : "";
    process.stderr.write(`sidecall: ${plainText(error)}${code}\n`);
    process.exitCode = exitCodeOf(error);
  } finally {
    process.off("beforeExit", stuck);
  }
}
