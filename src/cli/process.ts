import { SidecallError } from "../common/errors.ts";
import { EXIT, plainText } from "./usage.ts";

function exitCodeOf(error: unknown): number {
  if (!(error instanceof SidecallError)) return EXIT.broken;
  return error.code === "SIDECALL_SERVER_UNREACHABLE" ? EXIT.unreachable : EXIT.usage;
}

/** Does the work of a whole process, whose exit code it gives. What it rejects with is told in one line. */
export async function runAsProcess(work: () => Promise<number>): Promise<void> {
  // Whoever reads the output may stop reading, as `head` does.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
  // Node.js ends without a word when nothing is left that could settle what is awaited.
  const stuck = () => {
    process.stderr.write("sidecall: nothing is left to do, and yet something awaited has not come\n");
    process.exitCode = EXIT.broken;
  };
  process.once("beforeExit", stuck);
  try {
    process.exitCode = await work();
    // What could not be ended in time must not hold a process that was told to stop.
    if (process.exitCode === EXIT.sigint || process.exitCode === EXIT.sigterm) process.exit();
  } catch (error) {
    const code = error instanceof SidecallError ? ` [${error.code}]` : "";
    process.stderr.write(`sidecall: ${plainText(error)}${code}\n`);
    process.exitCode = exitCodeOf(error);
  } finally {
    process.off("beforeExit", stuck);
  }
}
