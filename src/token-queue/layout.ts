import { integer, type OptionsOf } from "../common/options.ts";
import { allocateRing, MAX_RING_BYTES, MIN_RING_BYTES } from "../shared-memory/layout.ts";

/*
 * A token queue in shared memory: a ring (shared-memory/layout.ts) that the producer writes, and two 32-bit words that
 * the reader writes:
 *
 *   byte 0  READER     0 until a reader has taken the queue, then 1    the reader swaps it in
 *   byte 4  CANCELLED  1 once the reader has left early                the reader stores and notifies; the producer waits for it
 *
 * The body of a ring entry:
 *
 *   byte 0  u8  kind: TOKEN, END or ERROR; END and ERROR end the queue
 *   byte 1  u8  flags: WIDE, MORE
 *   byte 2      text: of a TOKEN the token, of an END none, of an ERROR the JSON of [name, message, stack, code]
 */
export const READER = 0;
export const CANCELLED = 1;
const CONTROL_BYTES = 8;

export const TOKEN = 0;
export const END = 1;
export const ERROR = 2;

/** Flag: the text has two bytes per UTF-16 unit. */
export const WIDE = 1;
/** Flag: the text continues in the next entry. */
export const MORE = 2;
export const TOKEN_HEAD_BYTES = 2;

/** The memory of a token queue: a plain object for `postMessage` or `workerData`. */
export interface SharedTokens {
  readonly ring: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
}

export const QUEUE_OPTIONS = {
  /**
   * Bytes that may wait for the reader (about one per character and 10 per token), rounded up to a power of two.
   * From 1 KiB to 1 GiB. @default 64 KiB
   */
  queueBytes: integer(MIN_RING_BYTES, MAX_RING_BYTES, 64 * 1024),
};
export type TokenQueueOptions = OptionsOf<typeof QUEUE_OPTIONS>;

export function allocateTokens(queueBytes: number): SharedTokens {
  return { ring: allocateRing(queueBytes), control: new SharedArrayBuffer(CONTROL_BYTES) };
}
