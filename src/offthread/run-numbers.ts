import { Fifo } from "../fifo.ts";
import { hasReached } from "../shared-memory/layout.ts";
import type { WireRun } from "../wire/records.ts";

interface Retired {
  readonly runNumber: number;
  /** Behind the run's last frame. */
  readonly position: number;
}

/**
 * The small numbers that stand for runs in one lane's frames. A number is free for another run only when everything
 * that names it is settled: until then a lane that takes over from a dead one must be told what it means.
 */
export class RunNumbers {
  readonly #runs = new Map<number, WireRun>();
  readonly #free: number[] = [];
  readonly #retired = new Fifo<Retired>();
  #next = 0;

  /** Runs whose number is taken. */
  get size(): number {
    return this.#runs.size;
  }

  take(run: WireRun, released: number): number {
    this.#reclaim(released);
    const runNumber = this.#free.pop() ?? this.#next++;
    this.#runs.set(runNumber, run);
    return runNumber;
  }

  /** The run has ended: `position` is behind the last frame that names it. */
  retire(runNumber: number, position: number): void {
    this.#retired.push({ runNumber, position });
  }

  runs(): Iterable<readonly [number, WireRun]> {
    return this.#runs;
  }

  #reclaim(released: number): void {
    for (;;) {
      const oldest = this.#retired.peek();
      if (oldest === undefined || !hasReached(released, oldest.position)) return;
      this.#retired.shift();
      this.#runs.delete(oldest.runNumber);
      this.#free.push(oldest.runNumber);
    }
  }
}
