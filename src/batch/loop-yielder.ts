import { setImmediate as nextTurn } from "node:timers/promises";

/** Longest stretch of work before timers, signals and sockets get their turn. */
const TURN_MILLIS = 10;

/**
 * Answers that arrive faster than they are read would be read out of buffers, all of them, without a turn of the event
 * loop in between. Whoever reads asks here, after each part, whether it is time for one.
 */
export class LoopYielder {
  #startMillis = performance.now();
  #next: Promise<void> | undefined;

  /** A promise to wait for, or undefined to go on. */
  due(): Promise<void> | undefined {
    if (this.#next === undefined && performance.now() - this.#startMillis > TURN_MILLIS) {
      this.#next = nextTurn().then(() => {
        this.#next = undefined;
        this.#startMillis = performance.now();
      });
    }
    return this.#next;
  }
}
