import { performance } from "node:perf_hooks";
import { setImmediate as immediate } from "node:timers/promises";
import type { RingConsumer } from "../../src/shared-memory/consumer.ts";
import { NAPPING, SLEEPING } from "../../src/shared-memory/layout.ts";
import { NAP_MILLIS, NAPS, SPIN_MILLIS } from "../../src/wire/waking.ts";

/*
 * The waking protocol, the lane's side; src/transports/lanes/release-poll.ts is the main thread's.
 *
 *   CONSUMER: the lane's state                               WATCHED: whether the main thread polls
 *
 *     RUNNING ─────── ring is empty ───────► NAPPING           0  answers come by message
 *       ▲  ▲                                  │   │            │  ▲
 *       │  └── an entry, or woken: spins ─────┘   │ NAPS       │  │ answered, or POLL_MILLIS are over:
 *       │                                         │ in vain    │  │ looks once more after storing the 0
 *       │                                         ▼            ▼  │
 *       └───── woken: spins SPIN_MILLIS ────── SLEEPING        1  looks at RELEASED in each turn of its event loop
 *
 *   The main thread wakes a NAPPING lane only for a caller who waits, a SLEEPING one for every entry.
 */

/** How a lane waits for entries: it naps a few times, since work comes in bursts, then sleeps until it is woken. */
export class LaneWait {
  readonly #consumer: RingConsumer;
  readonly #onSleep: () => void;
  #isAsleep = false;

  /** `onSleep` is called when the lane is about to sleep: it must pass on everything that the main thread waits for. */
  constructor(consumer: RingConsumer, onSleep: () => void) {
    this.#consumer = consumer;
    this.#onSleep = onSleep;
  }

  get isAsleep(): boolean {
    return this.#isAsleep;
  }

  /** Resolves when the ring may have entries. */
  async untilWork(): Promise<void> {
    this.#consumer.offerSpace(true);
    for (let naps = 0; naps < NAPS; naps += 1) {
      const isWoken = await this.#consumer.wait(NAPPING, NAP_MILLIS);
      if (isWoken) await this.#spin();
      if (this.#consumer.hasMore) return;
    }
    this.#isAsleep = true;
    this.#onSleep();
    // Again: what was released during the naps may have been too little to offer then.
    this.#consumer.offerSpace(true);
    await this.#consumer.wait(SLEEPING, Number.POSITIVE_INFINITY);
    this.#isAsleep = false;
    await this.#spin();
  }

  /** Stays awake for an entry that is not there yet: the main thread wakes the lane while it still encodes the event. */
  async #spin(): Promise<void> {
    const until = performance.now() + SPIN_MILLIS;
    while (!this.#consumer.hasMore && performance.now() < until) await immediate();
  }
}
