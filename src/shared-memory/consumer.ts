import {
  ATTEMPTS_LIMIT,
  CONSUMER,
  ENTRY_DONE,
  ENTRY_HEADER_BYTES,
  entryBytes,
  PRODUCER,
  RELEASED,
  RingViews,
  RUNNING,
  STATE_OFFSET,
  WATCHED,
  type WaitingState,
  WRITTEN,
} from "./layout.ts";

/**
 * The reading end of a ring. It begins at the oldest entry that is not released, so that a consumer which takes over
 * from a dead one finds what that one left.
 *
 * `next` walks over the entries; `begin` and `markDone` take an entry's offset, in any order; `release` gives back the space
 * of all entries up to the first that is not done.
 */
export class RingConsumer {
  /** The storage, without the producer's unpublished entries. */
  readonly bytes: Uint8Array;
  readonly data: DataView;
  readonly #capacity: number;
  readonly #words: Int32Array;
  /** Behind the last entry that `next` gave. */
  #read: number;
  /** WRITTEN as last looked at. */
  #written: number;
  #released: number;
  /** Length of the body that `next` gave last. */
  bodyBytes = 0;

  constructor(buffer: SharedArrayBuffer) {
    const { words, bytes, data, capacity } = new RingViews(buffer);
    this.bytes = bytes;
    this.data = data;
    this.#capacity = capacity;
    this.#words = words;
    this.#released = Atomics.load(words, RELEASED) >>> 0;
    this.#read = this.#released;
    this.#written = this.#read;
    // A predecessor may have died asleep.
    Atomics.store(words, CONSUMER, RUNNING);
  }

  /** Behind the entry that `next` gave last: the same number as the producer's `position` after its commit. */
  get position(): number {
    return this.#read;
  }

  get released(): number {
    return this.#released;
  }

  /** Offset behind the published entries that follow, without a gap in the storage, on the one that `next` gave last. */
  get readableEnd(): number {
    const readOffset = this.#read & (this.#capacity - 1);
    // At offset 0 the entry given last ends the storage.
    return readOffset === 0
      ? this.#capacity
      : Math.min(this.#capacity, readOffset + ((this.#written - this.#read) >>> 0));
  }

  /** Whether the producer polls RELEASED: it sees all that was released before this was asked. */
  get isWatched(): boolean {
    return Atomics.load(this.#words, WATCHED) !== 0;
  }

  /** Whether every published entry is released. */
  get isEmpty(): boolean {
    return this.#released === Atomics.load(this.#words, WRITTEN) >>> 0;
  }

  /** Whether `next` has something to give. It may be filler alone. */
  get hasMore(): boolean {
    return this.#read !== Atomics.load(this.#words, WRITTEN) >>> 0;
  }

  /** Offset of the body of the next entry that is not done, its length in `bodyBytes`; -1 when all published ones were given. */
  next(): number {
    for (;;) {
      if (this.#read === this.#written) {
        this.#written = Atomics.load(this.#words, WRITTEN) >>> 0;
        if (this.#read === this.#written) return -1;
      }
      const start = this.#read & (this.#capacity - 1);
      const bodyBytes = this.data.getUint32(start, true);
      this.#read = (this.#read + entryBytes(bodyBytes)) >>> 0;
      if (this.bytes[start + STATE_OFFSET] === ENTRY_DONE) continue;
      this.bodyBytes = bodyBytes;
      return start + ENTRY_HEADER_BYTES;
    }
  }

  /** How often handling of the entry has begun, here or in a consumer before. */
  attempts(offset: number): number {
    return this.bytes[offset - ENTRY_HEADER_BYTES + STATE_OFFSET] ?? 0;
  }

  /** Notes that handling of the entry begins. */
  begin(offset: number): void {
    const at = offset - ENTRY_HEADER_BYTES + STATE_OFFSET;
    this.bytes[at] = Math.min((this.bytes[at] ?? 0) + 1, ATTEMPTS_LIMIT);
  }

  markDone(offset: number): void {
    this.bytes[offset - ENTRY_HEADER_BYTES + STATE_OFFSET] = ENTRY_DONE;
  }

  /** Gives back the space of the entries that `next` has passed, up to the first that is not done. Returns whether there were any. */
  release(): boolean {
    const before = this.#released;
    while (this.#released !== this.#read) {
      const start = this.#released & (this.#capacity - 1);
      if (this.bytes[start + STATE_OFFSET] !== ENTRY_DONE) break;
      this.#released = (this.#released + entryBytes(this.data.getUint32(start, true))) >>> 0;
    }
    if (this.#released === before) return false;
    Atomics.store(this.#words, RELEASED, this.#released | 0);
    return true;
  }

  /**
   * Wakes a producer that waits for space: when an eighth of the ring is free, or whatever there is with `any`
   * (a consumer about to wait must give `any`, or both sides wait).
   */
  offerSpace(any: boolean): void {
    if (Atomics.load(this.#words, PRODUCER) === 0) return;
    const written = Atomics.load(this.#words, WRITTEN) >>> 0;
    const free = this.#capacity - ((written - this.#released) >>> 0);
    if (!any && free < this.#capacity / 8) return;
    Atomics.store(this.#words, PRODUCER, 0);
    Atomics.notify(this.#words, PRODUCER);
  }

  /**
   * Waits, as NAPPING or SLEEPING, until the producer wakes this side or `timeoutMillis` have passed. Resolves at once if
   * there is something to read. Whether the producer has woken it. A pending wait does not keep the thread alive.
   */
  async wait(state: WaitingState, timeoutMillis: number): Promise<boolean> {
    Atomics.store(this.#words, CONSUMER, state);
    let outcome = "";
    // After the store: a producer that publishes from now on sees the state and wakes.
    if (!this.hasMore) {
      outcome = await Atomics.waitAsync(this.#words, CONSUMER, state, timeoutMillis).value;
    }
    Atomics.store(this.#words, CONSUMER, RUNNING);
    return outcome === "ok";
  }

  /** Ends a wait of this side, as if the producer had woken it. */
  interrupt(): void {
    Atomics.store(this.#words, CONSUMER, RUNNING);
    Atomics.notify(this.#words, CONSUMER);
  }
}
