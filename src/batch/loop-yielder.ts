import { setImmediate as nextTurn } from "node:timers/promises";

/** Longest stretch of work before timers, signals and sockets get their turn. */
const TURN_MILLIS = 10;

/**
 * Lets the event loop have its turn between parts of answers that arrive faster than they are read: these would
 * otherwise be read from buffers without a pause. The reader calls `due` after each part.
 */
export class LoopYielder {
  #startMillis = performance.now();
  #next: Promise<void> | undefined;

  /** Returns a promise to await, or undefined to go on. */
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
