import type { LLMResult } from "../../core/payloads.ts";
import { reportIfUnawaited } from "../../core/unawaited.ts";
import type { TokenItem } from "../../token-queue/layout.ts";
import { TokenReader } from "../../token-queue/reader.ts";
import type { TokenStream } from "./token-stream.ts";

/** Iterates over one run's tokens. Leaving the iteration early aborts the run's signal. */
export class TokenIteration<Item extends TokenItem = string> extends TokenReader<Item> {
  readonly #stream: TokenStream<Item>;
  #hasThrown = false;

  constructor(stream: TokenStream<Item>) {
    super(stream.claim());
    this.#stream = stream;
  }

  /**
   * Resolves with the run's result, also after the iteration was left; undefined if no model ran. Rejects with the run's
   * error.
   */
  get result(): Promise<LLMResult | undefined> {
    return reportIfUnawaited(this.#stream.result, () =>
      this.#hasThrown ? undefined : { handler: "TokenIteration", event: "on_llm_error", runId: this.runId },
    );
  }

  /** Aborts when the iteration is left before the run has ended. */
  get signal(): AbortSignal {
    return this.#stream.signal;
  }

  protected override get runId(): string {
    return this.#stream.id ?? super.runId;
  }

  /** The run's own error, which is at hand on this thread. */
  protected override errorOf(description: string): unknown {
    this.#hasThrown = true;
    const { end } = this.#stream;
    return end !== undefined && "error" in end ? end.error : super.errorOf(description);
  }
}
