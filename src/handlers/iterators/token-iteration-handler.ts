import { integer, type OptionsOf, resolve } from "../../common/options.ts";
import {
  type ChoiceToken,
  QUEUE_OPTIONS,
  type SharedTokens,
  type TokenQueueOptions,
} from "../../token-queue/layout.ts";
import { AsyncCallbackHandler } from "../base.ts";
import { CHOICES_OPTIONS, type Choices } from "../choices.ts";
import { StreamRegistry } from "./stream-registry.ts";
import { TokenIteration } from "./token-iteration.ts";
import type { TokenStream } from "./token-stream.ts";

const UNREAD_OPTIONS = {
  /**
   * Number of ended runs whose tokens are kept until they are read; at least 0. Beyond it the oldest are forgotten and
   * counted in `forgottenRuns`. @default 100
   */
  maxUnreadRuns: integer(0, Number.MAX_SAFE_INTEGER, 100),
};
export const ITERATION_OPTIONS = { ...QUEUE_OPTIONS, ...UNREAD_OPTIONS, ...CHOICES_OPTIONS };

export interface AsyncIteratorOptions<Which extends Choices = "first">
  extends TokenQueueOptions,
    OptionsOf<typeof UNREAD_OPTIONS> {
  /**
   * Choices of a run with several (`n`) whose tokens are given out. "first": those of the first choice, as strings. "all":
   * those of all, each as `{ text, index }`, where `index` is the choice's number. @default "first"
   */
  readonly choices?: Which | undefined;
}

/** The items that an iteration gives. */
export type ItemOf<Which extends Choices> = Which extends "all" ? ChoiceToken : string;

/** The reading side that handlers with async iterations of tokens share. */
export abstract class TokenIterationHandler<Which extends Choices = "first"> extends AsyncCallbackHandler {
  protected readonly choices: Choices;
  protected readonly streams: StreamRegistry<ItemOf<Which>>;
  #posted: TokenStream<ItemOf<Which>> | undefined;

  /** Throws SIDECALL_OPTION_INVALID. */
  constructor(options: AsyncIteratorOptions<Which>);
  constructor(options?: AsyncIteratorOptions);
  constructor(options: AsyncIteratorOptions<Choices> = {}) {
    super();
    const { maxUnreadRuns, choices, ...queue } = resolve("options", ITERATION_OPTIONS, options);
    this.choices = choices;
    this.streams = new StreamRegistry(queue, maxUnreadRuns);
  }

  /** A token as the iterations give it. */
  protected itemOf(token: ChoiceToken): ItemOf<Which> {
    return (this.choices === "all" ? token : token.text) as ItemOf<Which>;
  }

  /** Number of ended runs that were forgotten unread; see `maxUnreadRuns`. */
  get forgottenRuns(): number {
    return this.streams.forgotten;
  }

  /**
   * Iterates over the tokens of the run `runId`, or of the earliest run that is not iterated yet. The run may begin later;
   * a `runId` that was read or forgotten stands for a later run. Throws SIDECALL_QUEUE_TAKEN if that run is iterated
   * already.
   */
  aiter(runId?: string): TokenIteration<ItemOf<Which>> {
    return new TokenIteration(runId === undefined ? this.streams.claimNext() : this.streams.claim(runId));
  }

  /** Makes `for await (const token of handler)` iterate `aiter()`. */
  [Symbol.asyncIterator](): TokenIteration<ItemOf<Which>> {
    return this.aiter();
  }

  /**
   * The queue of the run that `aiter()` would iterate, to post to another thread and read there with a
   * {@link TokenReader}. Until that run has ended the getter returns the same queue, then the next run's.
   */
  get queue(): SharedTokens<ItemOf<Which>> {
    if (this.#posted === undefined || this.#posted.end !== undefined) this.#posted = this.streams.claimNext();
    return this.#posted.claim();
  }

  /** The queue of the run `runId`, which may begin later. */
  queueOf(runId: string): SharedTokens<ItemOf<Which>> {
    return this.streams.claim(runId).claim();
  }

  /**
   * Aborts when the reader leaves its run early. The run is the one under way that began first or, with none under way,
   * the next one. For concurrent runs see {@link signalOf}.
   */
  get signal(): AbortSignal {
    return this.streams.current().signal;
  }

  /** Aborts when the reader of the run `runId` leaves early. Undefined if that run is not under way. */
  signalOf(runId: string): AbortSignal | undefined {
    return this.streams.get(runId)?.signal;
  }
}
