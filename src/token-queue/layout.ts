import { threadId } from "node:worker_threads";
import { integer, millis, type OptionsOf } from "../common/options.ts";
import { allocateRing, MAX_RING_BYTES, MIN_RING_BYTES } from "../shared-memory/layout.ts";

/*
 * A token queue in shared memory: a ring (shared-memory/layout.ts) that the producer writes, and five 32-bit words:
 *
 *   byte  0  READER     NONE, TAKEN, LOCAL or REMOTE                      reader swaps TAKEN in, then stores LOCAL, or REMOTE
 *                                                                         behind its first waits on LIFE
 *   byte  4  CANCELLED  1 once the reader has left early, or its thread   reader (thread gone: producer) stores and notifies;
 *                       has ended                                         the producer waits for it
 *   byte  8  LIFE       0 while a REMOTE reader waits here; 1 once no     the side that ends first stores and notifies; the
 *                       sign of its life is needed                        producer also notifies one wait to probe
 *   byte 12  ANSWERS    probes after which the reader waits anew          reader adds 1
 *   byte 16  PRODUCER_THREAD  id of the producer's thread                 producer stores, before the memory is shared
 *
 * A thread takes its waits with it when it ends, in whatever way, so a notify that wakes none is the proof that a REMOTE
 * reader's thread has ended. A probe that wakes one wait proves only that the thread was there: its reader waits anew once
 * its event loop turns. It begins with LIFE_WAITS of them, and the producer takes twice as long for the next probe with each
 * one that is unanswered, so a thread that a handler blocks for hours does not run out of them.
 *
 * Pairs of a store and a look, beside the ring's:
 *
 *   producer                       reader                            if one side looks first         backed up by
 *   ─────────────────────────────  ────────────────────────────────  ──────────────────────────────  ────────────
 *   waits for room: stores the     leaves: stores CANCELLED, frees   there is no room, and the       nothing
 *   ring's PRODUCER = 1, then      all, then looks at PRODUCER       producer waits for a reader
 *   looks at CANCELLED             (offer)                           that has left
 *
 * The body of a ring entry:
 *
 *   byte 0  u8   kind: TOKEN, END or ERROR; END and ERROR end the queue
 *   byte 1  u8   flags: WIDE, MORE, OF_CHOICE
 *  (byte 2  u32  number of the choice, with OF_CHOICE)
 *   then         text: of a TOKEN the token, of an END none, of an ERROR the JSON of [name, message, stack, code]
 */
export const READER = 0;
export const CANCELLED = 1;
export const LIFE = 2;
export const ANSWERS = 3;
export const PRODUCER_THREAD = 4;
const CONTROL_WORDS = 5;

/** States of READER. */
export const NONE = 0;
export const TAKEN = 1;
/** Reads on the producer's own thread. */
export const LOCAL = 2;
export const REMOTE = 3;

export const LIFE_WAITS = 16;

export const TOKEN = 0;
export const END = 1;
export const ERROR = 2;

/** Flag: the text has two bytes per UTF-16 unit. */
export const WIDE = 1;
/** Flag: the text continues in the next entry. */
export const MORE = 2;
/** Flag: the entry has the number of its token's choice. */
export const OF_CHOICE = 4;
export const TOKEN_HEAD_BYTES = 2;
export const CHOICE_BYTES = 4;
export const MAX_CHOICE = 2 ** 32 - 1;

/** Stands in reports for the run of a queue that has no run's id. */
export const UNKNOWN_RUN = "unknown";

/** A token of a run with several choices. */
export interface ChoiceToken {
  readonly text: string;
  /** Number of the choice, counted from 0: the completion's place in the response. */
  readonly index: number;
}

/** An item of a token queue: a token, or, where a queue carries all choices of a run, a token with its choice. */
export type TokenItem = string | ChoiceToken;

/** The memory of a token queue: a plain object for `postMessage` or `workerData`. */
export interface SharedTokens<Item extends TokenItem = string> {
  readonly ring: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
  /** Never there: carries the type of the items to their reader. */
  readonly item?: Item | undefined;
}

export const QUEUE_OPTIONS = {
  /**
   * Bytes that may wait for the reader (about one per character and 10 per token), rounded up to a power of two.
   * From 1 KiB to 1 GiB. @default 64 KiB
   */
  queueBytes: integer(MIN_RING_BYTES, MAX_RING_BYTES, 64 * 1024),
  /**
   * Milliseconds that a full queue waits for a reader that has never read. Then pushes wait no longer, tokens collect in
   * memory until a reader begins, and a process warning says so. Above 0; Infinity: waits for ever. @default 1,000
   */
  readerGraceMillis: millis(1000),
};
export type TokenQueueOptions = OptionsOf<typeof QUEUE_OPTIONS>;

export function allocateTokens<Item extends TokenItem>(queueBytes: number): SharedTokens<Item> {
  const control = new SharedArrayBuffer(4 * CONTROL_WORDS);
  new Int32Array(control)[PRODUCER_THREAD] = threadId;
  return { ring: allocateRing(queueBytes), control };
}

/** The control words of a queue; undefined if `queue` is none, or of a version with other words. */
export function controlWords(queue: SharedTokens<TokenItem>): Int32Array | undefined {
  const isQueue = queue?.ring instanceof SharedArrayBuffer && queue.control instanceof SharedArrayBuffer;
  return isQueue && queue.control.byteLength === 4 * CONTROL_WORDS
    ? new Int32Array(queue.control)
    : undefined;
}
