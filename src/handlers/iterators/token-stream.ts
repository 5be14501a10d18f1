import { RESOLVED } from "../../common/thenable.ts";
import type { LLMResult } from "../../core/payloads.ts";
import type { SharedTokens, TokenItem, TokenQueueOptions } from "../../token-queue/layout.ts";
import { TokenQueue } from "../../token-queue/queue.ts";

/** The end of a stream: its run's result, undefined if there is none, or its error. */
export type StreamEnd = { readonly result: LLMResult | undefined } | { readonly error: unknown };

/**
 * The tokens of one run. A stream is made when the run starts, or before, when a reader asks for the next run.
 *
 * Until a reader claims the stream, its tokens collect here and the run never waits, since no reader may ever come. From
 * then on they pass through a bounded queue, and the run waits for its reader, within the bounds that the queue sets.
 */
export class TokenStream<Item extends TokenItem = TokenItem> {
  /** The id of the run; undefined until that begins. */
  id: string | undefined;
  readonly result: Promise<LLMResult | undefined>;
  readonly #options: TokenQueueOptions;
  readonly #cancel = new AbortController();
  #settleResult: (end: StreamEnd) => void = () => {};
  /** Tokens from before the stream was claimed. */
  #collected: Item[] = [];
  #queue: TokenQueue<Item> | undefined;
  #end: StreamEnd | undefined;

  constructor(options: TokenQueueOptions) {
    this.#options = options;
    this.result = new Promise((resolve, reject) => {
      this.#settleResult = (end) => ("error" in end ? reject(end.error) : resolve(end.result));
    });
    // The iteration throws the error too, so an unused `result` is not to be reported as unhandled.
    this.result.catch(() => {});
  }

  /** Aborts when the reader leaves before the run has ended. */
  get signal(): AbortSignal {
    return this.#cancel.signal;
  }

  get isClaimed(): boolean {
    return this.#queue !== undefined;
  }

  get end(): StreamEnd | undefined {
    return this.#end;
  }

  /** Resolves when there is space for more; at once without a reader, or after the reader has left. */
  push(item: Item): Promise<void> {
    if (this.#end !== undefined) return RESOLVED;
    if (this.#queue !== undefined) return this.#queue.push(item);
    this.#collected.push(item);
    return RESOLVED;
  }

  close(end: StreamEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#settleResult(end);
    if (this.#queue !== undefined) this.#closeQueue(this.#queue, end);
  }

  /** Returns the reader's queue, with all tokens so far in it. */
  claim(): SharedTokens<Item> {
    this.#queue ??= this.#openQueue();
    return this.#queue.shared;
  }

  /** In warnings: the run, until it has ended. */
  get #subject(): string | undefined {
    return this.#end === undefined ? `run ${this.id}` : undefined;
  }

  #openQueue(): TokenQueue<Item> {
    const queue = new TokenQueue<Item>(this.#options, () => this.#subject);
    queue.signal.addEventListener("abort", () => this.#cancel.abort(), { once: true });
    for (const item of this.#collected) void queue.push(item);
    this.#collected = [];
    if (this.#end !== undefined) this.#closeQueue(queue, this.#end);
    return queue;
  }

  /** Not awaited: the run need not wait until a slow reader makes room for the end. */
  #closeQueue(queue: TokenQueue<Item>, end: StreamEnd): void {
    void ("error" in end ? queue.fail(end.error) : queue.end());
  }
}
