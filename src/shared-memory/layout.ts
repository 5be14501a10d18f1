/*
 * A ring in shared memory. Header words are 32-bit, each on a cache line of its own, so that the two threads
 * do not fight over one; the storage follows. `capacity` is a power of two.
 *
 *   byte   0  WRITTEN    position behind the last published entry    producer stores: publishes the entries' bytes
 *   byte  64  RELEASED   position before which the space is free     consumer stores: gives the space back
 *   byte 128  CONSUMER   RUNNING, NAPPING or SLEEPING                consumer stores; the producer sets RUNNING to wake it
 *   byte 192  PRODUCER   1 while the producer waits for space        producer stores 1; the consumer sets 0 to wake it
 *   byte 256  WATCHED    1 while the producer polls RELEASED               producer stores
 *   byte 320  storage    `capacity` bytes
 *
 * Positions count bytes from the ring's creation, modulo 2^32; a position's place in the storage is
 * `position & (capacity - 1)`. WRITTEN - RELEASED is what is in use and never exceeds the capacity.
 *
 * An entry is contiguous and starts at a multiple of 8:
 *
 *   byte 0  u32  length of the body
 *   byte 4  u8   state: how often its handling has begun, or ENTRY_DONE    producer stores 0 (filler: ENTRY_DONE), then consumer
 *   byte 8  body, padded to a multiple of 8
 *
 * Where an entry does not fit before the end of the storage, a filler entry takes the rest and the entry starts at the
 * beginning. Three words, used for nothing else: an entry is *done* when its handling is over; its space is *released* when
 * it and all before it are done; a waiter is *answered* when the main thread resolves its promise. So a consumer that dies
 * leaves behind, readable by its successor, everything that it has not finished.
 *
 * Neither side locks. Each relies on pairs of a store and a look: if both sides store before they look, at least one of them
 * sees the other's store (both are sequentially consistent).
 *
 *   producer                       consumer                        if one side looks first             backed up by
 *   ─────────────────────────────  ──────────────────────────────  ──────────────────────────────────  ───────────────────────
 *   publish: stores WRITTEN,       wait: stores CONSUMER = state,  an entry is in the ring and the     a nap ends by itself;
 *   then looks at CONSUMER (wake)  then looks at WRITTEN           consumer sleeps: never handled      a sleep by the next wake
 *   space: stores PRODUCER = 1,    release: stores RELEASED,       there is room and the producer      a consumer that is about
 *   then looks at RELEASED         then looks at PRODUCER (offer)  waits: the backlog stands still     to wait offers any space
 *   watch(false): stores           release: stores RELEASED, then  an acknowledgement is dropped as    the report that the lane
 *   WATCHED = 0, then looks at     looks at WATCHED (drops         seen, and not seen: a caller waits  is idle, and the thread's
 *   RELEASED once more             acknowledgements)                                                   end
 *   takes an idle report: answers  release: stores RELEASED, then  the process ends with events owed,  nothing
 *   callers, then looks whether    looks at WRITTEN (isEmpty),     or a caller keeps it alive for
 *   all is released (unref)        then posts the idle report      ever: idle is reported once
 *   looks at RELEASED, then at     posts failures, counts the      a caller is answered "well" before  nothing
 *   FAILURE_REPORTS (counters.ts)  report, then stores RELEASED    the failure of its event is heard
 */
export const WRITTEN = 0;
export const RELEASED = 16;
export const CONSUMER = 32;
export const PRODUCER = 48;
export const WATCHED = 64;
export const HEADER_BYTES = 320;

export const ENTRY_HEADER_BYTES = 8;
export const STATE_OFFSET = 4;
export const ENTRY_DONE = 255;
/** Attempts are counted up to here, below ENTRY_DONE. */
export const ATTEMPTS_LIMIT = 254;

export const RUNNING = 0;
/** The consumer looks again by itself within a moment. */
export const NAPPING = 1;
/** The consumer looks again only when woken. */
export const SLEEPING = 2;
export type WaitingState = typeof NAPPING | typeof SLEEPING;

export const MIN_RING_BYTES = 1024;
export const MAX_RING_BYTES = 2 ** 30;

/** Whether `position` lies at or before `reached`. Positions wrap at 2^32, and two in use are never half of that apart. */
export function hasReached(reached: number, position: number): boolean {
  return ((reached - position) | 0) >= 0;
}

/** Bytes that an entry with this body takes in the storage. */
export function entryBytes(bodyBytes: number): number {
  return (ENTRY_HEADER_BYTES + bodyBytes + 7) & ~7;
}

/** The shared parts of a ring, as each side sees them. */
export class RingViews {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly data: DataView;
  readonly capacity: number;

  constructor(buffer: SharedArrayBuffer) {
    this.capacity = buffer.byteLength - HEADER_BYTES;
    this.words = new Int32Array(buffer, 0, HEADER_BYTES / 4);
    this.bytes = new Uint8Array(buffer, HEADER_BYTES);
    this.data = new DataView(buffer, HEADER_BYTES);
  }
}

/**
 * Memory for a ring whose storage holds at least `minBytes` (rounded up to a power of two; at least 1 KiB, at
 * most 1 GiB).
 */
export function allocateRing(minBytes: number): SharedArrayBuffer {
  const capacity = 2 ** Math.ceil(Math.log2(Math.max(minBytes, MIN_RING_BYTES)));
  return new SharedArrayBuffer(HEADER_BYTES + capacity);
}
