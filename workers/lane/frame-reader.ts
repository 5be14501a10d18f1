import { SidecallError } from "../../src/common/errors.ts";
import { type AnyEventRecord, type EventInfo, type EventRecord, eventOfCode } from "../../src/core/events.ts";
import {
  FIRST_PIECE,
  FRAGMENT,
  FRAME_HEAD_BYTES,
  type FrameHead,
  type FrameMemory,
  isTokenKind,
  LAST_PIECE,
  RUN,
  readHead,
  readKind,
  readRunNumber,
  readTimestamp,
  TextReader,
} from "../../src/wire/frames.ts";
import { decodeRecord, type WireRun } from "../../src/wire/records.ts";

const LOST =
  "The worker thread died after it had taken a part of the event, which was too large to stay in the ring; it cannot be tried again. Raise ringBytes.";
const FIRST_INDEX = Object.freeze({ prompt: 0, completion: 0 });

/** A ring's storage, as far as it can be read at once. */
export interface RingMemory extends FrameMemory {
  readonly readableEnd: number;
}

/** A frame that is all there. */
export interface ReadFrame {
  readonly head: FrameHead;
  readonly memory: FrameMemory;
  readonly start: number;
  readonly length: number;
}

/** Reads frames out of a ring, and puts together those that came in pieces. */
export class FrameReader {
  readonly #ring: RingMemory;
  readonly #texts: TextReader;
  #pieces: Uint8Array[] | undefined;

  constructor(ring: RingMemory) {
    this.#ring = ring;
    this.#texts = new TextReader(ring);
  }

  /** The frame of an entry's body; undefined for a piece that completes none. */
  read(offset: number, length: number): ReadFrame | undefined {
    const head = readHead(this.#ring, offset);
    if (head.kind !== FRAGMENT) return { head, memory: this.#ring, start: offset, length };
    // Copied out at once: a frame longer than the ring cannot wait in it.
    const piece = this.#ring.bytes.slice(offset + FRAME_HEAD_BYTES, offset + length);
    if ((head.flags & FIRST_PIECE) !== 0) this.#pieces = [];
    this.#pieces?.push(piece);
    if ((head.flags & LAST_PIECE) === 0) return undefined;
    const pieces = this.#pieces;
    this.#pieces = undefined;
    if (pieces === undefined) return this.#lost(head, offset);
    const bytes = joined(pieces);
    const memory = { bytes, data: new DataView(bytes.buffer) };
    return { head: readHead(memory, 0), memory, start: 0, length: bytes.byteLength };
  }

  /** The rest of a frame whose beginning was lost with a dead thread. A lost RUN frame needs no rest: new threads get all runs. */
  #lost(head: FrameHead, start: number): ReadFrame | undefined {
    if (eventOfCode(head.code) === undefined) return undefined;
    return { head, memory: this.#ring, start, length: FRAME_HEAD_BYTES };
  }

  /** The frame's bytes behind its head, in memory of their own. */
  payload({ memory, start, length }: ReadFrame): Uint8Array {
    return memory.bytes.slice(start + FRAME_HEAD_BYTES, start + length);
  }

  /** The record of an event's frame. Throws if its bytes do not match the event's row, or are lost. */
  record(frame: ReadFrame, run: WireRun): AnyEventRecord {
    const { kind, code, timestamp } = frame.head;
    if (kind === FRAGMENT) throw new SidecallError("SIDECALL_LANE_DIED", LOST);
    if (isTokenKind(kind)) return this.token(frame.start, frame.length, run);
    const info = eventOfCode(code);
    if (info === undefined) throw new TypeError(`no event has the code ${code}`);
    return decodeRecord(info, run, timestamp, this.payload(frame));
  }

  /** The run's number, if the entry's body is the frame of a plain token. */
  runOfToken(offset: number): number | undefined {
    return isTokenKind(readKind(this.#ring, offset)) ? readRunNumber(this.#ring, offset) : undefined;
  }

  /** To be called before a turn: the ring behind the last frame may have changed. */
  refresh(): void {
    this.#texts.refresh();
  }

  /** The record of a plain token's frame, which is always in the ring. */
  token(offset: number, length: number, run: WireRun): EventRecord<"on_llm_new_token"> {
    const { runId, parentRunId, traceId, tags } = run;
    const ring = this.#ring;
    const start = offset + FRAME_HEAD_BYTES;
    const textBytes = length - FRAME_HEAD_BYTES;
    const token = this.#texts.read(readKind(ring, offset), start, textBytes, ring.readableEnd);
    const timestamp = readTimestamp(ring, offset);
    return {
      event: "on_llm_new_token",
      runId,
      parentRunId,
      traceId,
      tags,
      timestamp,
      token,
      index: FIRST_INDEX,
    };
  }
}

/** Not `Buffer.concat`: a Buffer may lie in memory that it shares, and its `slice` is a view of it. */
function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.byteLength, 0));
  let end = 0;
  for (const piece of pieces) {
    bytes.set(piece, end);
    end += piece.byteLength;
  }
  return bytes;
}

export function isRunFrame({ head }: ReadFrame): boolean {
  return head.kind === RUN;
}

export function eventOfFrame({ head }: ReadFrame): EventInfo | undefined {
  return eventOfCode(head.code);
}
