import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Reading } from "./rounds.ts";

const RESOLUTION_MILLIS = 1;
/** Least value reported: a delay of zero would make ratios to it infinite. */
const LEAST_MILLIS = 0.01;

/** Measures how late the timers of this thread fire, by a timer every millisecond. */
export class LoopDelay {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MILLIS });

  start(): void {
    this.#histogram.enable();
  }

  /** Stops measuring. Returns p50 and p99 in milliseconds. */
  stop(): { readonly p50: number; readonly p99: number } {
    this.#histogram.disable();
    return { p50: this.#lateMillis(50), p99: this.#lateMillis(99) };
  }

  #lateMillis(percentile: number): number {
    return Math.max(LEAST_MILLIS, this.#histogram.percentile(percentile) / 1e6 - RESOLUTION_MILLIS);
  }
}

export function delayReadings({ p50, p99 }: { readonly p50: number; readonly p99: number }): Reading[] {
  return [
    { metric: "delay p50", unit: "ms", value: p50 },
    { metric: "delay p99", unit: "ms", value: p99 },
  ];
}
