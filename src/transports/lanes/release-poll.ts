import { performance } from "node:perf_hooks";
// Not the global one: applications' tests stop that, and a caller would wait for ever.
import { setImmediate } from "node:timers";
import { MAX_POLL_MISSES, POLL_MILLIS } from "../../wire/waking.ts";

/*
 * The waking protocol, the main thread's side; workers/lane/wait.ts is the lane's.
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

export interface PolledLane {
  /** Stores WATCHED. */
  watch(isWatching: boolean): void;
  /** Answers callers by what is released. Returns whether others wait still. */
  answerReleased(): boolean;
}

/**
 * Looks in every turn of the event loop whether a caller's event is released, instead of waiting for a message, which costs
 * both threads a wake-up. It polls for a moment only, and more rarely the more often that was in vain: where handlers are
 * slow, answers come by message in the end. Adaptive polling, as virtual machines do before they halt a processor
 * (Linux, Documentation/virt/kvm/halt-polling.rst).
 */
export class ReleasePoll {
  readonly #lane: PolledLane;
  #isPolling = false;
  #until = 0;
  #misses = 0;
  #skips = 0;

  constructor(lane: PolledLane) {
    this.#lane = lane;
  }

  /** A caller waits from now on, and no other does. */
  begin(): void {
    if (this.#isPolling) return;
    if (this.#skips > 0) {
      this.#skips -= 1;
      return;
    }
    this.#isPolling = true;
    this.#until = performance.now() + POLL_MILLIS;
    this.#lane.watch(true);
    setImmediate(this.#poll);
  }

  readonly #poll = (): void => {
    if (!this.#lane.answerReleased()) this.#end(0);
    else if (performance.now() > this.#until) this.#end(Math.min(this.#misses + 1, MAX_POLL_MISSES));
    else setImmediate(this.#poll);
  };

  #end(misses: number): void {
    this.#isPolling = false;
    this.#misses = misses;
    this.#skips = 2 ** misses - 1;
    this.#lane.watch(false);
    // Once more, after the store: entries released before it are not acknowledged by message.
    this.#lane.answerReleased();
  }
}
