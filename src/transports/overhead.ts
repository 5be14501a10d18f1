import { channel } from "node:diagnostics_channel";
import { createHistogram, performance } from "node:perf_hooks";
import { recordLatency } from "./latency.ts";

/** One call in so many is timed, a power of two: reading the clock twice costs as much as sending a token. */
const CALLS_PER_SAMPLE = 256;
const PUBLISH_MILLIS = 1000;

/** The cost of an off-thread handler to the main thread. The calls 1, 2, 4, 8 … 256 are timed, then one in 256. */
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
  /** All calls together, estimated from those timed; the first, with cold code, counts for itself alone. */
  readonly estimatedMillis: number;
}

/** `diagnostics_channel` on which every busy off-thread handler publishes its statistics about once a second. */
export const STATS_CHANNEL = "sidecall:stats";
const statsChannel = channel(STATS_CHANNEL);

/** Times calls 1, 2, 4 … 128, then every 256th, so a young handler's estimate does not rest on its first, cold call. */
function isTimed(call: number): boolean {
  return call < CALLS_PER_SAMPLE ? (call & (call - 1)) === 0 : (call & (CALLS_PER_SAMPLE - 1)) === 0;
}

/** Times a sample of a handler's calls, and publishes its statistics while the channel has subscribers. */
export class Overhead {
  readonly #message: () => object;
  readonly #nanos = createHistogram();
  #firstNanos = 0;
  #otherNanos = 0;
  #calls = 0;
  #publishedAt = Number.NEGATIVE_INFINITY;

  /** `message` makes the message for the channel; it is called only while there are subscribers. */
  constructor(message: () => object) {
    this.#message = message;
  }

  /** A call begins. Returns the time if the call is to be timed, else 0. A call that is given up need not end. */
  begin(): number {
    return isTimed(this.#calls + 1) ? performance.now() : 0;
  }

  /** The call has returned. `start`: the value of its `begin`. */
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
    if (now - this.#publishedAt < PUBLISH_MILLIS) return;
    this.#publishedAt = now;
    statsChannel.publish(this.#message());
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
