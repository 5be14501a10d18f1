import { createHistogram, performance } from "node:perf_hooks";
import type { Reading } from "./rounds.ts";

/** Collects durations in a histogram. */
export class Latencies {
  readonly #nanos = createHistogram({ figures: 3 });

  /** Times `work` from its call until its promise has resolved. */
  async time(work: () => Promise<void>): Promise<void> {
    const start = performance.now();
    await work();
    this.#nanos.record(Math.max(1, Math.round((performance.now() - start) * 1e6)));
  }

  /** Returns two readings in microseconds: `<name> p50` and `<name> p99`. */
  readings(name: string): Reading[] {
    return [50, 99].map((percentile) => ({
      metric: `${name} p${percentile}`,
      unit: "µs",
      value: this.#nanos.percentile(percentile) / 1000,
    }));
  }
}
