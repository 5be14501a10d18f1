import type { LLMResult } from "../../core/payloads.ts";
import type { TokenItem } from "../../token-queue/layout.ts";
import { TokenReader } from "../../token-queue/reader.ts";
import type { TokenStream } from "./token-stream.ts";

/** Iterates over one run's tokens. Leaving the iteration early aborts the run's signal. */
export class TokenIteration<Item extends TokenItem = string>
  implements AsyncIterableIterator<Item, undefined>
{
  readonly #stream: TokenStream<Item>;
  readonly #reader: TokenReader<Item>;

  constructor(stream: TokenStream<Item>) {
    this.#stream = stream;
    this.#reader = new TokenReader<Item>(stream.claim());
  }

  /**
   * Resolves with the run's result, also after the iteration was left; undefined if no model ran. Rejects with the run's
   * error.
   */
  get result(): Promise<LLMResult | undefined> {
    return this.#stream.result;
  }

  /** Aborts when the iteration is left before the run has ended. */
  get signal(): AbortSignal {
    return this.#stream.signal;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Item, undefined>> {
    try {
      return await this.#reader.next();
    } catch (error) {
      // The queue carries a description of the error; the run's own error is at hand on this thread.
      const end = this.#stream.end;
      throw end !== undefined && "error" in end ? end.error : error;
    }
  }

  return(): Promise<IteratorResult<Item, undefined>> {
    return this.#reader.return();
  }
}
