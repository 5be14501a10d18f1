import type { EventRecord } from "../../src/core/events.ts";
import { Counter, type Counts } from "../harness/counts.ts";

/** Counts its events: the least work that still lets the benchmark check its results. */
export default class CountingHandler {
  readonly #counter = new Counter();

  onLLMNewToken({ token }: EventRecord<"on_llm_new_token">): void {
    this.#counter.token(token);
  }

  onChatModelStart({ messages }: EventRecord<"on_chat_model_start">): void {
    this.#counter.start(messages[0]?.[0]?.content);
  }

  onLLMEnd({ response }: EventRecord<"on_llm_end">): void {
    this.#counter.end(response.generations[0]?.[0]?.text);
  }

  counts(): Counts {
    return this.#counter.counts();
  }
}
