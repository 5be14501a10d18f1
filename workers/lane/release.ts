import type { RingConsumer } from "../../src/shared-memory/consumer.ts";
import type { LaneCounters } from "../../src/shared-memory/counters.ts";
import { hasReached } from "../../src/shared-memory/layout.ts";
import type { ReportBatch } from "./report-batch.ts";

export interface ReleaserOptions {
  readonly consumer: RingConsumer;
  readonly counters: LaneCounters;
  readonly reports: ReportBatch;
}

interface ReleaseWaiter {
  readonly position: number;
  readonly resolve: () => void;
}

/** Gives back the space of events that are done, and lets the main thread know, in the order that the protocol needs. */
export class Releaser {
  readonly #consumer: RingConsumer;
  readonly #counters: LaneCounters;
  readonly #reports: ReportBatch;
  #waiters: ReleaseWaiter[] = [];
  /** Whether the main thread knows that nothing is left to do. */
  #hasReportedIdle = false;

  constructor({ consumer, counters, reports }: ReleaserOptions) {
    this.#consumer = consumer;
    this.#counters = counters;
    this.#reports = reports;
  }

  /** There is work: the next time that it runs out is news again. */
  noteWork(): void {
    this.#hasReportedIdle = false;
  }

  /** Resolves when every entry before `position` is released. */
  released(position: number): Promise<void> {
    if (this.#isReleased(position)) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ position, resolve }));
  }

  /**
   * Passes on what a turn of the loop, or handlers that settled later, have brought. `src/shared-memory/layout.ts` has the
   * pairs of stores and looks that fix this order. `isAsleep`: the lane is about to sleep, or does.
   */
  tidy(isAsleep: boolean): void {
    const hasFailures = this.#tellFailures();
    if (hasFailures) this.#countReport();
    if (this.#release()) this.#offer(isAsleep);
    const isIdle = this.#isNewlyIdle(isAsleep);
    this.#dropWatched();
    this.#reports.post(isIdle);
  }

  /** 1. Tell: a main thread that polls sees the release at once, and must find the failures posted by then. */
  #tellFailures(): boolean {
    const { hasFailures } = this.#reports;
    if (hasFailures) this.#reports.post(false);
    return hasFailures;
  }

  /** 2. Count: the main thread, which sees the release, learns from the count that a report is on its way. */
  #countReport(): void {
    this.#counters.countFailureReport();
  }

  /** 3. Release: from here on a polling main thread answers its callers. */
  #release(): boolean {
    return this.#consumer.release();
  }

  /** 4. Offer: space goes to a producer that waits for it, a position to `flush` and to the loop. */
  #offer(isAsleep: boolean): void {
    this.#consumer.offerSpace(isAsleep);
    const released = this.#waiters.filter(({ position }) => this.#isReleased(position));
    if (released.length === 0) return;
    this.#waiters = this.#waiters.filter((waiter) => !released.includes(waiter));
    for (const { resolve } of released) resolve();
  }

  /** 5. Idle: asked after the release, and reported once; the main thread may then let the process end. */
  #isNewlyIdle(isAsleep: boolean): boolean {
    const isIdle = isAsleep && !this.#hasReportedIdle && this.#consumer.isEmpty;
    if (isIdle) this.#hasReportedIdle = true;
    return isIdle;
  }

  /** 6. Watched? Asked after the release: a main thread that polls has seen everything released before. */
  #dropWatched(): void {
    if (this.#consumer.isWatched) this.#reports.dropSeen((position) => this.#isReleased(position));
  }

  // 7. Post: what is left, as one message.

  #isReleased(position: number): boolean {
    return hasReached(this.#consumer.released, position);
  }
}
