import {
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
 * The writing end of a ring. One thread writes, one reads, and they never swap roles. Nothing here blocks.
 *
 * An entry is written in three steps: `reserve` a place, fill `bytes` there, `commit` the bytes really used.
 * Committed entries become visible to the consumer together, with `publish`.
 */
export class RingProducer {
  /** The storage; a reserved body begins at the offset that `reserve` gave. */
  readonly bytes: Uint8Array;
  readonly data: DataView;
  readonly capacity: number;
  /** The longest body that always finds a place once the consumer has caught up. */
  readonly maxBodyBytes: number;
  readonly #words: Int32Array;
  /** Behind the last committed entry. */
  #head: number;
  /** RELEASED as last looked at: there may be more free space than by this, never less. */
  #released: number;
  /** Where the reserved entry starts. */
  #reserved = 0;

  constructor(buffer: SharedArrayBuffer) {
    const { words, bytes, data, capacity } = new RingViews(buffer);
    this.bytes = bytes;
    this.data = data;
    this.capacity = capacity;
    this.maxBodyBytes = capacity / 4 - ENTRY_HEADER_BYTES;
    this.#words = words;
    this.#head = Atomics.load(words, WRITTEN) >>> 0;
    this.#released = Atomics.load(words, RELEASED) >>> 0;
  }

  /** Behind the last committed entry: identifies that entry until 2^32 bytes later. */
  get position(): number {
    return this.#head;
  }

  /** Before this position everything is done. */
  get released(): number {
    return Atomics.load(this.#words, RELEASED) >>> 0;
  }

  /** Bytes of entries that are not released. */
  get usedBytes(): number {
    return (this.#head - this.released) >>> 0;
  }

  /** A place for a body of at most `bodyBytes`: its offset in `bytes`, or -1 while the ring is too full. */
  reserve(bodyBytes: number): number {
    const size = entryBytes(bodyBytes);
    const start = this.#head & (this.capacity - 1);
    const rest = this.capacity - start;
    const filler = size > rest ? rest : 0;
    if (!this.#hasRoom(filler + size)) return -1;
    if (filler > 0) {
      this.#writeHeader(start, filler - ENTRY_HEADER_BYTES, ENTRY_DONE);
      this.#head = (this.#head + filler) >>> 0;
    }
    this.#reserved = this.#head & (this.capacity - 1);
    return this.#reserved + ENTRY_HEADER_BYTES;
  }

  /** Closes the reserved entry at its real length, at most what was reserved. */
  commit(bodyBytes: number): void {
    this.#writeHeader(this.#reserved, bodyBytes, 0);
    this.#head = (this.#head + entryBytes(bodyBytes)) >>> 0;
  }

  /** Makes all committed entries visible: the store orders their bytes before the new position. */
  publish(): void {
    Atomics.store(this.#words, WRITTEN, this.#head | 0);
  }

  /**
   * Wakes the consumer if it waits as deeply as `from` or deeper: NAPPING when a caller waits for the outcome,
   * SLEEPING when it is enough that the entries are handled soon. Call after `publish`.
   */
  wake(from: WaitingState): void {
    if (Atomics.load(this.#words, CONSUMER) < from) return;
    Atomics.store(this.#words, CONSUMER, RUNNING);
    Atomics.notify(this.#words, CONSUMER);
  }

  /**
   * Sets whether this side polls `released`, so that the consumer need not post acknowledgements. Look once more after
   * `watch(false)`: entries released before it are not acknowledged by message.
   */
  watch(isWatching: boolean): void {
    Atomics.store(this.#words, WATCHED, isWatching ? 1 : 0);
  }

  /**
   * Resolves when the consumer has made room, or at once if there is room for `bodyBytes` already. Look again with
   * `reserve` afterwards. A pending wait does not keep the process alive.
   */
  async space(bodyBytes: number): Promise<void> {
    Atomics.store(this.#words, PRODUCER, 1);
    // After the store: a consumer that releases from now on sees the 1 and notifies.
    if (this.#hasRoom(2 * entryBytes(bodyBytes))) return;
    await Atomics.waitAsync(this.#words, PRODUCER, 1).value;
  }

  /** Ends a wait of this side, as if the consumer had made room: a wait that never ends keeps the ring in memory. */
  interrupt(): void {
    Atomics.store(this.#words, PRODUCER, 0);
    Atomics.notify(this.#words, PRODUCER);
  }

  /** Positions behind the entries that are done but not released. To be asked only while no consumer runs. */
  *donePositions(): Generator<number> {
    let position = this.released;
    while (position !== this.#head) {
      const start = position & (this.capacity - 1);
      position = (position + entryBytes(this.data.getUint32(start, true))) >>> 0;
      if (this.bytes[start + STATE_OFFSET] === ENTRY_DONE) yield position;
    }
  }

  #hasRoom(size: number): boolean {
    if (((this.#head - this.#released) >>> 0) + size <= this.capacity) return true;
    this.#released = Atomics.load(this.#words, RELEASED) >>> 0;
    return ((this.#head - this.#released) >>> 0) + size <= this.capacity;
  }

  #writeHeader(start: number, bodyBytes: number, state: number): void {
    this.data.setUint32(start, bodyBytes, true);
    this.bytes[start + STATE_OFFSET] = state;
  }
}
