import { createHistogram, performance, type RecordableHistogram } from "node:perf_hooks";
import { hasReached } from "../../shared-memory/layout.ts";

/** Somebody who waits for an event to be handled. */
export interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  /** `performance.now()` when the event was sent. */
  readonly sentAt: number;
}

/** Notes the nanoseconds since `sentAt`, and gives them back; a histogram takes whole numbers from 1 on. */
export function recordLatency(histogram: RecordableHistogram, sentAt: number): number {
  const nanos = Math.max(1, Math.round((performance.now() - sentAt) * 1e6));
  histogram.record(nanos);
  return nanos;
}

/** Who waits for which events of a lane, by the position behind the event's frame. */
export class Acknowledgements {
  readonly #waiters = new Map<number, Waiter>();
  /** Nanoseconds from sending to acknowledgement. */
  readonly latency: RecordableHistogram = createHistogram();

  get size(): number {
    return this.#waiters.size;
  }

  addWaiter(position: number, waiter: Waiter): void {
    this.#waiters.set(position, waiter);
  }

  /** The event is settled; `raised`: a handler with `raiseError` failed. */
  settle(position: number, raised?: { readonly error: unknown }): void {
    const waiter = this.#waiters.get(position);
    if (waiter === undefined) return;
    this.#waiters.delete(position);
    recordLatency(this.latency, waiter.sentAt);
    if (raised === undefined) waiter.resolve();
    else waiter.reject(raised.error);
  }

  /** Settles what lies before `released`. */
  answerThrough(released: number): void {
    // Frames are waited for in the order in which they were written.
    for (const position of this.#waiters.keys()) {
      if (!hasReached(released, position)) return;
      this.settle(position);
    }
  }

  rejectAll(error: unknown): void {
    const waiters = [...this.#waiters.values()];
    this.#waiters.clear();
    for (const waiter of waiters) waiter.reject(error);
  }
}
