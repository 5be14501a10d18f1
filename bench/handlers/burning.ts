import { performance } from "node:perf_hooks";
import type { EventRecord } from "../../src/core/events.ts";
import CountingHandler from "./counting.ts";

export interface BurningOptions {
  /** Busy time per token. */
  readonly millis: number;
}

/** A counting handler that keeps its thread busy for each token. */
export default class BurningHandler extends CountingHandler {
  readonly #millis: number;

  constructor({ millis }: BurningOptions) {
    super();
    this.#millis = millis;
  }

  override onLLMNewToken(record: EventRecord<"on_llm_new_token">): void {
    const end = performance.now() + this.#millis;
    super.onLLMNewToken(record);
    while (performance.now() < end);
  }
}
