import { checkInteger, checkKeys } from "../../common/validate.ts";
import { queueBytesOf, type SharedTokens, type TokenQueueOptions } from "../../token-queue/layout.ts";
import { AsyncCallbackHandler } from "../base.ts";
import { StreamRegistry } from "./stream-registry.ts";
import { TokenIteration } from "./token-iteration.ts";
import type { TokenStream } from "./token-stream.ts";

export interface AsyncIteratorOptions extends TokenQueueOptions {
  /**
   * Ended runs whose tokens are kept although nobody has asked for them; at least 0. Of more, the oldest are forgotten,
   * and counted in `forgottenRuns`. @default 100
   */
  readonly maxUnreadRuns?: number;
}

export const ITERATION_KEYS = [
  "queueBytes",
  "maxUnreadRuns",
] as const satisfies (keyof AsyncIteratorOptions)[];
const DEFAULT_UNREAD_RUNS = 100;

/** The reading side of the handlers that give tokens out as async iterations. */
export abstract class TokenIterationHandler extends AsyncCallbackHandler {
  protected readonly streams: StreamRegistry;
  #posted: TokenStream | undefined;

  /** Throws SIDECALL_OPTION_INVALID. */
  constructor(options: AsyncIteratorOptions = {}) {
    super();
    checkKeys("options", options, ITERATION_KEYS);
    const { maxUnreadRuns = DEFAULT_UNREAD_RUNS, ...queueOptions } = options;
    this.streams = new StreamRegistry(
      { queueBytes: queueBytesOf(queueOptions) },
      checkInteger("maxUnreadRuns", maxUnreadRuns, 0),
    );
  }

  /** Runs whose tokens nobody asked for before newer ones took their place. */
  get forgottenRuns(): number {
    return this.streams.forgotten;
  }

  /**
   * The tokens of the first run that nobody iterates yet, in order of their starts, begun or not; or of the run
   * `runId`, which may still be to come (a run that was read or forgotten counts as still to come). Throws
   * SIDECALL_QUEUE_TAKEN if that run is iterated already.
   */
  aiter(runId?: string): TokenIteration {
    return new TokenIteration(runId === undefined ? this.streams.claimNext() : this.streams.claim(runId));
  }

  /** `for await (const token of handler)`: the same as iterating `aiter()`. */
  [Symbol.asyncIterator](): TokenIteration {
    return this.aiter();
  }

  /**
   * The queue of the run that `aiter()` would iterate, to be posted to another thread and read there with a
   * {@link TokenReader}: the same one until its run has ended, then the next run's.
   */
  get queue(): SharedTokens {
    if (this.#posted === undefined || this.#posted.end !== undefined) this.#posted = this.streams.claimNext();
    return this.#posted.claim();
  }

  /** The queue of a certain run, begun or not. */
  queueOf(runId: string): SharedTokens {
    return this.streams.claim(runId).claim();
  }

  /**
   * Aborted when the reader leaves the run under way, or if there is none the next, early. Of several at once it is
   * the one that began first; see {@link signalOf}.
   */
  get signal(): AbortSignal {
    return this.streams.current().signal;
  }

  /** Aborted when the reader of a certain run leaves early; undefined if no such run is under way. */
  signalOf(runId: string): AbortSignal | undefined {
    return this.streams.get(runId)?.signal;
  }
}
