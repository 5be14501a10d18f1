/*
 * Counts that a lane keeps where the main thread can read them at any time, and which survive the lane's thread.
 * 64-bit floats; the lane alone writes, one count at a time. Only slot 2 is ordered with anything: with the ring's release.
 *
 *   slot 0          events that are done: every handler has settled them
 *   slot 1          events begun a second time after a thread died
 *   slot 2          reports posted with failures; stored before the events that failed are released
 *   slot 3 + 2h     events that handler h settled without failing
 *   slot 4 + 2h     events at which handler h failed
 */
const DONE_EVENTS = 0;
const REDELIVERED_EVENTS = 1;
const FAILURE_REPORTS = 2;
const HANDLERS = 3;

export class LaneCounters {
  readonly buffer: SharedArrayBuffer;
  readonly #counts: Float64Array;

  constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.#counts = new Float64Array(buffer);
  }

  static allocate(handlers: number): LaneCounters {
    return new LaneCounters(new SharedArrayBuffer(8 * (HANDLERS + 2 * handlers)));
  }

  get done(): number {
    return this.#counts[DONE_EVENTS] ?? 0;
  }
  get redelivered(): number {
    return this.#counts[REDELIVERED_EVENTS] ?? 0;
  }
  /** Read after a position is seen to be released, it counts every report that was posted before the release. */
  get failureReports(): number {
    return this.#counts[FAILURE_REPORTS] ?? 0;
  }
  handled(handler: number): number {
    return this.#counts[HANDLERS + 2 * handler] ?? 0;
  }
  failed(handler: number): number {
    return this.#counts[HANDLERS + 2 * handler + 1] ?? 0;
  }

  countDone(): void {
    this.#add(DONE_EVENTS);
  }
  countRedelivered(): void {
    this.#add(REDELIVERED_EVENTS);
  }
  countFailureReport(): void {
    this.#add(FAILURE_REPORTS);
  }
  countHandled(handler: number): void {
    this.#add(HANDLERS + 2 * handler);
  }
  countFailed(handler: number): void {
    this.#add(HANDLERS + 2 * handler + 1);
  }

  #add(slot: number): void {
    this.#counts[slot] = (this.#counts[slot] ?? 0) + 1;
  }
}
