import { setMaxListeners } from "node:events";
import { LineFile } from "../common/line-file.ts";
import { type Line, readLines } from "./lines.ts";
import { ModelClient } from "./model-client.ts";
import { type BatchOptions, type BatchSettings, batchSettings, checkFiles } from "./options.ts";
import { probeServer } from "./probe.ts";
import { type BatchRecord, malformedRecord } from "./record.ts";
import { type BatchRequest, type MalformedLine, readBatchLine } from "./request.ts";
import { interruption, RequestRun } from "./request-run.ts";
import { BatchStatistics, type BatchSummary } from "./statistics.ts";

/*
 * The data path of a batch:
 *
 *   lines → request → request-run (model-client → completion; every event to the manager) → record → output
 */

const PROGRESS_MILLIS = 250;

/** The state that the workers of one batch share. */
class Batch {
  readonly statistics = new BatchStatistics();
  readonly #settings: BatchSettings;
  readonly #client: ModelClient;
  readonly #lines: AsyncIterator<Line>;
  readonly #output: LineFile;
  readonly #signal: AbortSignal;
  readonly #customIds = new Set<string>();

  constructor(settings: BatchSettings, output: LineFile, signal: AbortSignal) {
    this.#settings = settings;
    this.#client = new ModelClient(settings.baseUrl, settings.apiKey, settings.timeoutMillis);
    this.#lines = readLines(settings.input, signal);
    this.#output = output;
    this.#signal = signal;
  }

  /** Processes lines one by one until there are none or the batch is stopped. */
  async work(): Promise<void> {
    while (!this.#signal.aborted) {
      const next = await this.#lines.next();
      if (next.done === true || this.#signal.aborted) return;
      const record = await this.#recordOf(this.#read(next.value));
      this.statistics.done += 1;
      await this.#output.append(JSON.stringify(record));
    }
  }

  #read(line: Line): BatchRequest | MalformedLine {
    const request = readBatchLine(line, this.#settings.model);
    if ("problem" in request) return request;
    const { customId } = request;
    if (this.#customIds.has(customId)) {
      const problem = `custom_id ${JSON.stringify(customId)} has been used by a line above`;
      return { line: line.number, customId, problem };
    }
    this.#customIds.add(customId);
    return request;
  }

  async #recordOf(request: BatchRequest | MalformedLine): Promise<BatchRecord> {
    const { statistics } = this;
    if ("problem" in request) {
      statistics.fail(request.line, request.customId, request.problem);
      return malformedRecord(request);
    }
    statistics.runs += 1;
    statistics.inFlight += 1;
    try {
      return await new RequestRun(request, this.#settings, this.#client, statistics, this.#signal).execute();
    } finally {
      statistics.inFlight -= 1;
    }
  }
}

/** Runs all workers; the first to fail, for example at a full disk, stops the others. */
async function runWorkers(batch: Batch, concurrency: number, stop: AbortController): Promise<void> {
  const workers = Array.from({ length: concurrency }, async () => {
    try {
      await batch.work();
    } catch (error) {
      stop.abort(interruption());
      throw error;
    }
  });
  const ends = await Promise.allSettled(workers);
  const failure = ends.find((end) => end.status === "rejected");
  if (failure !== undefined) throw failure.reason;
}

/** Implements `runBatch`; in a file of its own, which imports `openai`, so that only a batch loads it. */
export async function runBatchFile(options: BatchOptions): Promise<BatchSummary> {
  const settings = batchSettings(options);
  await checkFiles(settings.input, { output: settings.output });
  const stop = new AbortController();
  // Every open request adds a listener.
  setMaxListeners(0, stop.signal);
  const interrupt = () => stop.abort(interruption());
  settings.signal.addEventListener("abort", interrupt);
  if (settings.signal.aborted) interrupt();
  try {
    await probeServer(settings.baseUrl, stop.signal);
    return await runChecked(settings, stop);
  } finally {
    settings.signal.removeEventListener("abort", interrupt);
  }
}

async function runChecked(settings: BatchSettings, stop: AbortController): Promise<BatchSummary> {
  const output = new LineFile(settings.output, "truncate");
  const batch = new Batch(settings, output, stop.signal);
  const tick = setInterval(() => settings.onProgress(batch.statistics.progress()), PROGRESS_MILLIS);
  try {
    await runWorkers(batch, settings.concurrency, stop);
  } finally {
    clearInterval(tick);
    await output.close();
  }
  settings.onProgress(batch.statistics.progress());
  return batch.statistics.summary(stop.signal.aborted);
}
