import { UnitReader, writeUnits } from "../common/text-codec.ts";
import { EVENTS } from "../core/events.ts";

export { maxTextBytes } from "../common/text-codec.ts";

/*
 * A frame is one event's bytes in a ring: a head of 16 bytes, then a body by kind:
 *
 *   byte 0  u8   kind
 *   byte 1  u8   code of the event in the event table
 *   byte 2  u8   flags
 *   byte 4  u32  number of the run
 *   byte 8  f64  timestamp, ms since the epoch
 *   byte 16      RUN          msgpack [runId, parentRunId, traceId, tags, metadata, name]: defines the run's number from here on
 *                EVENT        msgpack array of the event's own fields
 *                LATIN1_TOKEN the token's text, one byte per character; its index is {0, 0}, it has no chunk
 *                UTF16_TOKEN  likewise, two bytes per UTF-16 unit, which keeps lone surrogates too
 *                FRAGMENT     a piece of a frame that is too long for the ring, from its own head on; the piece's head is
 *                             the frame's too, but for kind and flags
 */
export const RUN = 0;
export const EVENT = 1;
export const LATIN1_TOKEN = 2;
export const UTF16_TOKEN = 3;
export const FRAGMENT = 4;

/** Flag: the sender waits until the event is handled. */
export const ACKNOWLEDGE = 1;
/** Flags of a FRAGMENT, beside its frame's: the first piece, the last piece. */
export const FIRST_PIECE = 2;
export const LAST_PIECE = 4;

export const FRAME_HEAD_BYTES = 16;

const CODE = 1;
const FLAGS = 2;
const RUN_NUMBER = 4;
const TIMESTAMP = 8;

/** Memory that holds frames: a ring's storage, or a buffer of their own. */
export interface FrameMemory {
  readonly bytes: Uint8Array;
  readonly data: DataView;
}

export interface FrameHead {
  readonly kind: number;
  readonly code: number;
  readonly flags: number;
  readonly runNumber: number;
  readonly timestamp: number;
}

export function writeHead({ bytes, data }: FrameMemory, at: number, head: FrameHead): void {
  bytes[at] = head.kind;
  bytes[at + CODE] = head.code;
  bytes[at + FLAGS] = head.flags;
  data.setUint32(at + RUN_NUMBER, head.runNumber, true);
  data.setFloat64(at + TIMESTAMP, head.timestamp, true);
}

export function readKind({ bytes }: FrameMemory, at: number): number {
  return bytes[at] ?? RUN;
}

export function isTokenKind(kind: number): boolean {
  return kind === LATIN1_TOKEN || kind === UTF16_TOKEN;
}

export function readRunNumber({ data }: FrameMemory, at: number): number {
  return data.getUint32(at + RUN_NUMBER, true);
}

export function readTimestamp({ data }: FrameMemory, at: number): number {
  return data.getFloat64(at + TIMESTAMP, true);
}

export function readHead({ bytes, data }: FrameMemory, at: number): FrameHead {
  return {
    kind: bytes[at] ?? RUN,
    code: bytes[at + CODE] ?? 0,
    flags: bytes[at + FLAGS] ?? 0,
    runNumber: data.getUint32(at + RUN_NUMBER, true),
    timestamp: data.getFloat64(at + TIMESTAMP, true),
  };
}

/**
 * Writes a plain token's frame except its timestamp, in the kind that fits the text; no head is allocated. Returns the
 * text's bytes.
 */
export function writeToken(memory: FrameMemory, at: number, text: string, runNumber: number): number {
  const { bytes, data } = memory;
  const textBytes = writeUnits(memory, at + FRAME_HEAD_BYTES, text);
  bytes[at] = textBytes > text.length ? UTF16_TOKEN : LATIN1_TOKEN;
  bytes[at + CODE] = EVENTS.on_llm_new_token.code;
  bytes[at + FLAGS] = 0;
  data.setUint32(at + RUN_NUMBER, runNumber, true);
  return textBytes;
}

/**
 * Apart from `writeToken`, so small that V8 inlines it: a fraction as the argument of a call that is not inlined, or as one
 * of two values of a variable, would be allocated for each token.
 */
export function writeTimestamp({ data }: FrameMemory, at: number, timestamp: number): void {
  data.setFloat64(at + TIMESTAMP, timestamp, true);
}

/** Reads the texts of tokens from one memory. */
export class TextReader {
  readonly #units: UnitReader;

  constructor(memory: FrameMemory) {
    this.#units = new UnitReader(memory);
  }

  /** Call it before reading memory that may have changed since the last text. */
  refresh(): void {
    this.#units.refresh();
  }

  /** Memory up to `readableEnd` must not change until `refresh`. */
  read(kind: number, start: number, byteLength: number, readableEnd: number): string {
    return kind === UTF16_TOKEN
      ? this.#units.read(true, start, byteLength)
      : this.#units.readNarrow(start, byteLength, readableEnd);
  }
}
