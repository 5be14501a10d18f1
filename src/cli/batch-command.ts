import { resolve } from "node:path";
import { runBatchFile } from "../batch/engine.ts";
import { batchSettings, checkFiles } from "../batch/options.ts";
import { probeServer } from "../batch/probe.ts";
import type { BatchSummary } from "../batch/statistics.ts";
import { errorText } from "../common/errors.ts";
import { LineFile } from "../common/line-file.ts";
import { onHandlerError } from "../core/failures.ts";
import type { TokenReport } from "../handlers/accounting/token-statistics.ts";
import { type BatchArguments, OPTIONS, readBatchArguments } from "./batch-arguments.ts";
import { DrainLimit } from "./drain-limit.ts";
import { PlacedHandlers } from "./handlers.ts";
import { Interrupt } from "./interrupt.ts";
import { ProgressLine } from "./progress.ts";
import { reportText } from "./table.ts";
import { EXIT, inFlags, plainText, usageError } from "./usage.ts";

export { HELP } from "./batch-arguments.ts";

const PROGRESS_MILLIS = 250;

/** One batch with its handlers, from the first request to the table. */
class BatchCommand {
  readonly #args: BatchArguments;
  readonly #placed: PlacedHandlers;
  readonly #interrupt: Interrupt;
  readonly #progress: ProgressLine;
  readonly #limit: DrainLimit;
  readonly #failing = new Set<string>();

  constructor(args: BatchArguments, placed: PlacedHandlers, interrupt: Interrupt) {
    this.#args = args;
    this.#placed = placed;
    this.#interrupt = interrupt;
    this.#limit = new DrainLimit(args.drainMillis, interrupt.stopped);
    this.#progress = new ProgressLine(() => placed.backlog());
  }

  async run(): Promise<number> {
    const before = onHandlerError(({ handler, event, runId, error }) => {
      if (this.#failing.has(handler)) return;
      this.#failing.add(handler);
      this.#print(
        `handler ${handler} failed at ${event} of run ${runId}: ${errorText(error)}; others are counted`,
      );
    });
    try {
      const summary = await this.#runBatch().catch(async (error: unknown) => {
        // Handlers finish the events that they have, even if the batch failed.
        await this.#drain();
        this.#progress.end();
        throw error;
      });
      const { drained, tokens } = await this.#drain();
      const rows = this.#placed.rows();
      process.stdout.write(reportText(summary, this.#progress.end(), rows, tokens));
      if (this.#interrupt.exitCode !== undefined) return this.#interrupt.exitCode;
      return summary.failed === 0 && drained ? EXIT.ok : EXIT.failed;
    } finally {
      onHandlerError(before);
    }
  }

  /** Runs the batch. Once it is stopped, the drain limit bounds the wait for handlers that requests await. */
  async #runBatch(): Promise<BatchSummary> {
    const { signal } = this.#interrupt;
    const batch = runBatchFile({
      ...this.#args.batch,
      handlers: this.#placed.handlers,
      signal,
      onProgress: (state) => this.#progress.show(state),
    });
    batch.catch(() => undefined);
    await Promise.race([batch, this.#interrupt.stopped]);
    return signal.aborted ? this.#limit.within(batch, "Stopping") : batch;
  }

  /** Flushes and closes the handlers. Past the limit it aborts them and reports the events left. */
  async #drain(): Promise<{ drained: boolean; tokens: TokenReport | undefined }> {
    const startMillis = performance.now();
    const tick = setInterval(
      () => this.#progress.showQueued(performance.now() - startMillis),
      PROGRESS_MILLIS,
    );
    let tokens: TokenReport | undefined;
    try {
      await this.#limit.within(this.#placed.flush(), "Handling what was queued");
      tokens = await this.#limit.within(this.#placed.tokenReport(), "The token report");
      await this.#limit.within(this.#placed.close(), "Closing the handlers");
      return { drained: true, tokens };
    } catch (error) {
      this.#print(`${plainText(error)}; ${this.#placed.backlog()} events are not handled`);
      await this.#placed.abort();
      return { drained: false, tokens };
    } finally {
      clearInterval(tick);
    }
  }

  #print(text: string): void {
    this.#progress.print(`sidecall: ${text}`);
  }
}

async function placeHandlers({ trace, handlers, threads }: BatchArguments): Promise<PlacedHandlers> {
  const path = trace === undefined ? undefined : resolve(trace);
  // The tracer appends, since it may run on several threads, so an old trace is emptied here.
  if (path !== undefined) await new LineFile(path, "truncate").close();
  return PlacedHandlers.place(path, handlers, threads);
}

async function check({ batch, trace }: BatchArguments): Promise<void> {
  batchSettings(batch);
  if (trace !== undefined && resolve(trace) === resolve(batch.output)) {
    throw usageError(`Expected --trace and --output to name two files, got ${trace} for both`);
  }
  const { input, output } = batch;
  await checkFiles(input, trace === undefined ? { output } : { output, trace });
}

export async function run(argv: readonly string[]): Promise<number> {
  const args = readBatchArguments(argv);
  try {
    await check(args);
    return await runChecked(args);
  } catch (error) {
    throw inFlags(error, OPTIONS);
  }
}

async function runChecked(args: BatchArguments): Promise<number> {
  const interrupt = new Interrupt(() => {
    process.stderr.write("\nsidecall: stopping; once more to exit at once\n");
  });
  let placed: PlacedHandlers | undefined;
  try {
    // Probe before any file is overwritten.
    await probeServer(args.batch.baseUrl, interrupt.signal);
    placed = await placeHandlers(args);
    return await new BatchCommand(args, placed, interrupt).run();
  } catch (error) {
    if (interrupt.exitCode === undefined) throw error;
    process.stderr.write(`sidecall: ${plainText(error)}\n`);
    return interrupt.exitCode;
  } finally {
    await placed?.abort();
    interrupt.dispose();
  }
}
