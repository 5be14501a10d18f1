/*
 * Counts that a lane keeps where the main thread can read them at any time, and which survive the lane's thread.
 * 64-bit floats; the lane alone writes, one count at a time, so that no store needs to be ordered with another.
 *
 *   slot 0          events that every handler has settled
 *   slot 1          events begun a second time after a thread died
 *   slot 2 + 2h     events that handler h settled well
 *   slot 3 + 2h     events at which handler h failed
 */
const SETTLED = 0;
const REDELIVERED = 1;
const HANDLERS = 2;

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

  get settled(): number {
    return this.#counts[SETTLED] ?? 0;
  }
  get redelivered(): number {
    return this.#counts[REDELIVERED] ?? 0;
  }
  handled(handler: number): number {
    return this.#counts[HANDLERS + 2 * handler] ?? 0;
  }
  failed(handler: number): number {
    return this.#counts[HANDLERS + 2 * handler + 1] ?? 0;
  }

  /** Failures of all handlers. What is counted when a position is seen to be released includes all before it. */
  get allFailed(): number {
    let failed = 0;
    for (let slot = HANDLERS + 1; slot < this.#counts.length; slot += 2) failed += this.#counts[slot] ?? 0;
    return failed;
  }

  countSettled(): void {
    this.#add(SETTLED);
  }
  countRedelivered(): void {
    this.#add(REDELIVERED);
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
