import { channel } from "node:diagnostics_channel";
import { createHistogram, performance } from "node:perf_hooks";
import { recordLatency } from "./latency.ts";

/** Of so many calls one is timed, a power of two: reading the clock twice costs as much as sending a token. */
const CALLS_PER_SAMPLE = 256;
const PUBLISH_MILLIS = 1000;

/** What an off-thread handler costs the main thread: the calls 1, 2, 4, 8 … 256 are timed, then one in 256. */
export interface OverheadStats {
  /** Calls by managers: events sent, dropped or not wanted. */
  readonly calls: number;
  readonly sampledCalls: number;
  /** Nanoseconds that a timed call took until it returned, encoding included. 0 without samples. */
  readonly callNanos: {
    readonly mean: number;
    readonly p50: number;
    readonly p99: number;
    readonly max: number;
  };
  /** All calls together, estimated from those timed; the first, when all code is cold, stands for itself alone. */
  readonly estimatedMillis: number;
}

/** `diagnostics_channel` on which every busy off-thread handler tells its statistics about once a second. */
export const STATS_CHANNEL = "sidecall:stats";
const statsChannel = channel(STATS_CHANNEL);

/** Whether the n-th call is: the powers of two below the multiples, lest the first, cold one alone stand for young handlers. */
function isTimed(call: number): boolean {
  return call < CALLS_PER_SAMPLE ? (call & (call - 1)) === 0 : (call & (CALLS_PER_SAMPLE - 1)) === 0;
}

/** Times some of a handler's calls, and lets subscribers of the channel know. Nothing is timed twice or by a timer. */
export class Overhead {
  readonly #tell: () => object;
  readonly #nanos = createHistogram();
  #firstNanos = 0;
  #otherNanos = 0;
  #calls = 0;
  #toldAt = Number.NEGATIVE_INFINITY;

  /** `tell` gives the message for the channel; it is called for subscribers alone. */
  constructor(tell: () => object) {
    this.#tell = tell;
  }

  /** A call begins: when, if it is to be timed, else 0. A call that is given up need not end. */
  begin(): number {
    return isTimed(this.#calls + 1) ? performance.now() : 0;
  }

  /** The call has returned; `start`: what its `begin` gave. */
  end(start: number): void {
    if (start > 0) this.#note(start);
    this.#calls += 1;
  }

  #note(start: number): void {
    const nanos = recordLatency(this.#nanos, start);
    if (this.#calls === 0) this.#firstNanos = nanos;
    else this.#otherNanos += nanos;
    if (!statsChannel.hasSubscribers) return;
    const now = performance.now();
    if (now - this.#toldAt < PUBLISH_MILLIS) return;
    this.#toldAt = now;
    statsChannel.publish(this.#tell());
  }

  stats(): OverheadStats {
    const { count, mean, max } = this.#nanos;
    if (count === 0) {
      const callNanos = { mean: 0, p50: 0, p99: 0, max: 0 };
      return { calls: this.#calls, sampledCalls: 0, callNanos, estimatedMillis: 0 };
    }
    const otherNanos = this.#otherNanos / Math.max(1, count - 1);
    return {
      calls: this.#calls,
      sampledCalls: count,
      callNanos: { mean, p50: this.#nanos.percentile(50), p99: this.#nanos.percentile(99), max },
      estimatedMillis: (this.#firstNanos + otherNanos * (this.#calls - 1)) / 1e6,
    };
  }
}
