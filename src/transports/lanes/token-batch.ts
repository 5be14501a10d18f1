// Not the global one: applications' tests stop that, and tokens would never be published.
import { setImmediate } from "node:timers";
import type { RingProducer } from "../../shared-memory/producer.ts";
import { readTimestamp } from "../../wire/frames.ts";
import { CLOSE_MILLIS, MAX_BATCH_TOKENS } from "../../wire/waking.ts";

/**
 * Decides when a lane's frames become visible to it. Publishing is a sequentially consistent store to a cache line that the
 * consumer owns: a tenth of a token's cost. Tokens that follow one another closely are published together, at the latest
 * when the event loop comes round; a token that comes alone, and everything else, at once.
 */
export class TokenBatch {
  readonly #producer: RingProducer;
  readonly #onPublished: () => void;
  #tokens = 0;
  #lastTimestamp = 0;
  #isScheduled = false;

  /** `onPublished` is called when tokens have become visible. */
  constructor(producer: RingProducer, onPublished: () => void) {
    this.#producer = producer;
    this.#onPublished = onPublished;
  }

  /** Makes all that is committed visible. */
  publish(): void {
    this.#tokens = 0;
    this.#producer.publish();
  }

  /** Makes tokens visible that still wait for others. */
  publishWaiting(): void {
    if (this.#tokens > 0) this.publish();
  }

  /** The token whose frame begins at `at` is committed. */
  addToken(at: number): void {
    // Out of the ring, where it is at hand: a number with a fraction that goes from call to call is an object each time.
    const timestamp = readTimestamp(this.#producer, at);
    const isClose = timestamp - this.#lastTimestamp < CLOSE_MILLIS;
    this.#lastTimestamp = timestamp;
    this.#tokens += 1;
    if (!isClose || this.#tokens >= MAX_BATCH_TOKENS) this.#publishTokens();
    else if (!this.#isScheduled) this.#schedule();
  }

  #publishTokens(): void {
    this.publish();
    this.#onPublished();
  }

  #schedule(): void {
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#tokens > 0) this.#publishTokens();
    });
  }
}
