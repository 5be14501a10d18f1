import { createHistogram, type RecordableHistogram } from "node:perf_hooks";

/** The state of a running batch. */
export interface BatchProgress {
  /** Lines with a record, failed ones included. */
  readonly done: number;
  /** Lines without a completion: malformed, refused or broken off. */
  readonly failed: number;
  readonly inFlight: number;
  /** Token events so far. */
  readonly streamedTokens: number;
  readonly elapsedMillis: number;
}

/** A distribution in milliseconds; 0 where nothing was measured. */
export interface Quantiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** A line that failed, with the reason. */
export interface BatchFailure {
  readonly line: number;
  /** null if the line has no valid one. */
  readonly customId: string | null;
  /** One line of at most 200 characters. */
  readonly text: string;
}

/** The result of a batch. */
export interface BatchSummary extends BatchProgress {
  /** Requests that became runs: all lines but the malformed ones. */
  readonly runs: number;
  /** Whether the signal ended the batch early. */
  readonly interrupted: boolean;
  /** The failure that came first in time; undefined if no line failed. */
  readonly firstFailure: BatchFailure | undefined;
  /** Tokens by the server's usage; 0 for a server that sends none. */
  readonly promptTokens: number;
  readonly completionTokens: number;
  /** From sending a request to the first part of its answer, retries included. */
  readonly firstTokenMillis: Quantiles;
  /** From sending a request to the end of its answer, retries included, of requests that succeeded. */
  readonly latencyMillis: Quantiles;
  readonly retries: number;
  /** Events dispatched to handlers. */
  readonly events: number;
  /** Time of dispatching them on the main thread, without what handlers do after their first await. */
  readonly eventMillis: number;
}

const MAX_FAILURE_LENGTH = 200;

/** Shortens foreign text to one line, without control characters that a terminal would act on. */
export function shortText(text: string): string {
  const line = text.replace(/[\s\p{Cc}\p{Cf}]+/gu, " ").trim();
  return line.length > MAX_FAILURE_LENGTH ? `${line.slice(0, MAX_FAILURE_LENGTH - 1)}…` : line;
}

/** Collects durations: recorded in microseconds, read in milliseconds. */
class Durations {
  readonly #histogram: RecordableHistogram = createHistogram({ figures: 3 });

  add(millis: number): void {
    this.#histogram.record(Math.max(1, Math.round(millis * 1000)));
  }

  quantiles(): Quantiles {
    const at = (percentile: number) =>
      this.#histogram.count === 0 ? 0 : this.#histogram.percentile(percentile) / 1000;
    return { p50: at(50), p95: at(95), p99: at(99) };
  }
}

export class BatchStatistics {
  readonly firstToken = new Durations();
  readonly latency = new Durations();
  readonly #startMillis = performance.now();
  done = 0;
  failed = 0;
  inFlight = 0;
  runs = 0;
  retries = 0;
  streamedTokens = 0;
  promptTokens = 0;
  completionTokens = 0;
  #events = 0;
  #eventMillis = 0;
  #firstFailure: BatchFailure | undefined;

  /** Counts a line that failed. */
  fail(line: number, customId: string | null, text: string): void {
    this.failed += 1;
    this.#firstFailure ??= { line, customId, text: shortText(text) };
  }

  /**
   * Dispatches an event by `send` and waits until its handlers are done. Counts it and times the synchronous part: from
   * the call of a run manager's method to its return. Never rejects: dispatch has reported a handler's failure, and
   * even with `raiseError` it must not end a batch.
   */
  async timeEvent(send: () => Promise<void>): Promise<void> {
    this.#events += 1;
    const startMillis = performance.now();
    const handled = send();
    this.#eventMillis += performance.now() - startMillis;
    await handled.catch(() => undefined);
  }

  progress(): BatchProgress {
    const { done, failed, inFlight, streamedTokens } = this;
    return { done, failed, inFlight, streamedTokens, elapsedMillis: performance.now() - this.#startMillis };
  }

  summary(interrupted: boolean): BatchSummary {
    const { runs, retries, promptTokens, completionTokens } = this;
    return {
      ...this.progress(),
      runs,
      retries,
      interrupted,
      firstFailure: this.#firstFailure,
      promptTokens,
      completionTokens,
      firstTokenMillis: this.firstToken.quantiles(),
      latencyMillis: this.latency.quantiles(),
      events: this.#events,
      eventMillis: this.#eventMillis,
    };
  }
}
