import { integer, type OptionsOf, resolve } from "../../common/options.ts";
import { QUEUE_OPTIONS, type SharedTokens, type TokenQueueOptions } from "../../token-queue/layout.ts";
import { AsyncCallbackHandler } from "../base.ts";
import { TokenIteration, type TokenStream } from "./token-stream.ts";
import { TokenStreams } from "./token-streams.ts";

const UNREAD_OPTIONS = {
  /**
   * Ended runs whose tokens are kept although nobody has asked for them; at least 0. Of more, the oldest are forgotten,
   * and counted in `forgottenRuns`. @default 100
   */
  maxUnreadRuns: integer(0, Number.MAX_SAFE_INTEGER, 100),
};
export const ITERATION_OPTIONS = { ...QUEUE_OPTIONS, ...UNREAD_OPTIONS };

export interface AsyncIteratorOptions extends TokenQueueOptions, OptionsOf<typeof UNREAD_OPTIONS> {}

/** The reading side of the handlers that give tokens out as async iterations. */
export abstract class TokenIterationHandler extends AsyncCallbackHandler {
  protected readonly streams: TokenStreams;
  #posted: TokenStream | undefined;

  /** Throws SIDECALL_OPTION_INVALID. */
  constructor(options: AsyncIteratorOptions = {}) {
    super();
    const { queueBytes, maxUnreadRuns } = resolve("options", ITERATION_OPTIONS, options);
    this.streams = new TokenStreams({ queueBytes }, maxUnreadRuns);
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
