import { type IntervalHistogram, monitorEventLoopDelay, performance } from "node:perf_hooks";
import type { BatchProgress } from "../batch/statistics.ts";
import { type LoopReport, whole } from "./table.ts";

const RESOLUTION_MILLIS = 10;
const LOG_EVERY_MILLIS = 5000;
const ERASE_LINE = "\r\x1b[K";

/** Subtracts the resolution: Node's monitor measures from tick to tick, so a loop that is never late shows it. */
function delayMillis(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e6 - RESOLUTION_MILLIS);
}

function startMonitor(): IntervalHistogram {
  const monitor = monitorEventLoopDelay({ resolution: RESOLUTION_MILLIS });
  monitor.enable();
  return monitor;
}

/** Shows a batch's progress on standard error: one rewritten line on a terminal, else a line every few seconds. */
export class ProgressLine {
  readonly #delay = startMonitor();
  /** Since the last line. */
  readonly #recentDelay = startMonitor();
  readonly #utilization = performance.eventLoopUtilization();
  readonly #backlog: () => number;
  readonly #stream: NodeJS.WriteStream;
  #lastQueuedMillis = 0;
  #last = { elapsedMillis: 0, streamedTokens: 0 };

  /** `backlog`: events that handlers have not settled. */
  constructor(backlog: () => number, stream: NodeJS.WriteStream = process.stderr) {
    this.#backlog = backlog;
    this.#stream = stream;
  }

  show(progress: BatchProgress): void {
    const sinceMillis = progress.elapsedMillis - this.#last.elapsedMillis;
    if (!this.#stream.isTTY && sinceMillis < LOG_EVERY_MILLIS) return;
    const tokens = progress.streamedTokens - this.#last.streamedTokens;
    this.#last = progress;
    const line = [
      `${whole(progress.done)} done, ${whole(progress.failed)} failed, ${whole(progress.inFlight)} running`,
      `${whole(sinceMillis > 0 ? (tokens * 1000) / sinceMillis : 0)} tokens/s`,
      `loop delay ${whole(delayMillis(this.#recentDelay.percentile(99)))} ms`,
      `backlog ${whole(this.#backlog())}`,
    ].join(" · ");
    this.#recentDelay.reset();
    this.#write(line);
  }

  /** Shows the backlog after the last request; `elapsedMillis` since then. */
  showQueued(elapsedMillis: number): void {
    if (!this.#stream.isTTY && elapsedMillis - this.#lastQueuedMillis < LOG_EVERY_MILLIS) return;
    this.#lastQueuedMillis = elapsedMillis;
    this.#write(`handling ${whole(this.#backlog())} queued`);
  }

  /** Prints a line that is not rewritten. */
  print(text: string): void {
    this.#stream.write(`${this.#stream.isTTY ? ERASE_LINE : ""}${text}\n`);
  }

  #write(line: string): void {
    if (!this.#stream.isTTY) this.#stream.write(`${line}\n`);
    else this.#stream.write(`${ERASE_LINE}${line.slice(0, this.#stream.columns - 1)}`);
  }

  /** Erases the progress line and returns the event loop's load over the whole batch. */
  end(): LoopReport {
    if (this.#stream.isTTY) this.#stream.write(ERASE_LINE);
    this.#delay.disable();
    this.#recentDelay.disable();
    return {
      utilization: performance.eventLoopUtilization(this.#utilization).utilization,
      delayP99Millis: delayMillis(this.#delay.percentile(99)),
      delayMaxMillis: delayMillis(this.#delay.max),
    };
  }
}
