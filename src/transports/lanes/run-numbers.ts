import { Fifo } from "../../common/fifo.ts";
import { hasReached } from "../../shared-memory/layout.ts";
import type { WireRun } from "../../wire/records.ts";

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
  /** By their numbers, which are dense: with many open runs a hash table would cost each run its misses of the cache. */
  readonly #runs: (WireRun | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #retired = new Fifo<Retired>();

  /** Runs whose number is taken. */
  get size(): number {
    return this.#runs.length - this.#free.length;
  }

  take(run: WireRun, released: number): number {
    this.#reclaim(released);
    const runNumber = this.#free.pop() ?? this.#runs.length;
    this.#runs[runNumber] = run;
    return runNumber;
  }

  /** The run has ended: `position` is behind the last frame that names it. */
  retire(runNumber: number, position: number): void {
    this.#retired.push({ runNumber, position });
  }

  *runs(): Generator<readonly [number, WireRun]> {
    for (const [runNumber, run] of this.#runs.entries()) if (run !== undefined) yield [runNumber, run];
  }

  #reclaim(released: number): void {
    for (;;) {
      const oldest = this.#retired.peek();
      if (oldest === undefined || !hasReached(released, oldest.position)) return;
      this.#retired.shift();
      this.#runs[oldest.runNumber] = undefined;
      this.#free.push(oldest.runNumber);
    }
  }
}
