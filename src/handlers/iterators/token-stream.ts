import { RESOLVED } from "../../common/thenable.ts";
import type { LLMResult } from "../../core/events.ts";
import type { SharedTokens, TokenQueueOptions } from "../../token-queue/layout.ts";
import { TokenQueue } from "../../token-queue/queue.ts";

/** How a stream ended: with a result, if there was one, or with an error. */
export type StreamEnd = { readonly result: LLMResult | undefined } | { readonly error: unknown };

/**
 * The tokens of one run, from its start, or from the moment when somebody asks for the next run, until they are read.
 *
 * As long as nobody has claimed it, its tokens collect here and the run never waits: nobody might ever read. Once
 * claimed they flow through a bounded queue, and the run waits for its reader.
 */
export class TokenStream {
  readonly result: Promise<LLMResult | undefined>;
  readonly #options: TokenQueueOptions;
  readonly #cancel = new AbortController();
  #settleResult: (end: StreamEnd) => void = () => {};
  /** What came before the stream was claimed. */
  #collected: string[] = [];
  #queue: TokenQueue | undefined;
  #end: StreamEnd | undefined;

  constructor(options: TokenQueueOptions) {
    this.#options = options;
    this.result = new Promise((resolve, reject) => {
      this.#settleResult = (end) => ("error" in end ? reject(end.error) : resolve(end.result));
    });
    // Whoever does not ask for the result hears of the error from the iteration.
    this.result.catch(() => {});
  }

  /** Aborted when the reader leaves before the run has ended. */
  get signal(): AbortSignal {
    return this.#cancel.signal;
  }

  get isClaimed(): boolean {
    return this.#queue !== undefined;
  }

  get end(): StreamEnd | undefined {
    return this.#end;
  }

  /** Resolves when there is space for more; at once while nobody reads, or does no longer. */
  push(token: string): Promise<void> {
    if (this.#end !== undefined) return RESOLVED;
    if (this.#queue !== undefined) return this.#queue.push(token);
    this.#collected.push(token);
    return RESOLVED;
  }

  close(end: StreamEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#settleResult(end);
    if (this.#queue !== undefined) this.#closeQueue(this.#queue, end);
  }

  /** The queue for a reader, with all tokens so far. */
  claim(): SharedTokens {
    this.#queue ??= this.#openQueue();
    return this.#queue.shared;
  }

  #openQueue(): TokenQueue {
    const queue = new TokenQueue(this.#options);
    queue.signal.addEventListener("abort", () => this.#cancel.abort(), { once: true });
    for (const token of this.#collected) void queue.push(token);
    this.#collected = [];
    if (this.#end !== undefined) this.#closeQueue(queue, this.#end);
    return queue;
  }

  /** The run does not wait until a slow reader has made room for the end. */
  #closeQueue(queue: TokenQueue, end: StreamEnd): void {
    void ("error" in end ? queue.fail(end.error) : queue.end());
  }
}
