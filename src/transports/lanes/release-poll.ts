import { performance } from "node:perf_hooks";
// Not the global one: tests of applications stop that, and whoever waits would wait for ever.
import { setImmediate } from "node:timers";

/** How long this side looks: what a quick handler takes, and waking its thread; telling would take as long again. */
const LOOK_MILLIS = 0.3;
/** After so many looks in vain, one behind the other, the pauses between them grow no more. */
const MAX_MISSES = 6;

/** What is watched. */
export interface Watched {
  /** Says to the other side whether it is watched. */
  watch(isWatching: boolean): void;
  /** Settles what is handled by now. Whether somebody waits for more. */
  settle(): boolean;
}

/**
 * Looks in every turn of the event loop whether what somebody waits for is handled, instead of being told by a message,
 * which costs both threads a wake-up. It looks for a moment only, and more rarely the more often that was in vain: where
 * handlers are slow it is a message in the end. Adaptive polling, as virtual machines do before they halt a processor
 * (Linux, Documentation/virt/kvm/halt-polling.rst).
 */
export class ReleasePoll {
  readonly #watched: Watched;
  #isLooking = false;
  #until = 0;
  #misses = 0;
  #skips = 0;

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  /** Somebody waits from now on, and nobody else does. */
  begin(): void {
    if (this.#isLooking) return;
    if (this.#skips > 0) {
      this.#skips -= 1;
      return;
    }
    this.#isLooking = true;
    this.#until = performance.now() + LOOK_MILLIS;
    this.#watched.watch(true);
    setImmediate(this.#look);
  }

  readonly #look = (): void => {
    if (!this.#watched.settle()) this.#end(0);
    else if (performance.now() > this.#until) this.#end(Math.min(this.#misses + 1, MAX_MISSES));
    else setImmediate(this.#look);
  };

  #end(misses: number): void {
    this.#isLooking = false;
    this.#misses = misses;
    this.#skips = 2 ** misses - 1;
    this.#watched.watch(false);
    this.#watched.settle();
  }
}
