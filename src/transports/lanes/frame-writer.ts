import { now } from "../../common/clock.ts";
import { RESOLVED } from "../../common/thenable.ts";
import { NAPPING, SLEEPING } from "../../shared-memory/layout.ts";
import { RingProducer } from "../../shared-memory/producer.ts";
import {
  FIRST_PIECE,
  FRAGMENT,
  FRAME_HEAD_BYTES,
  type FrameHead,
  LAST_PIECE,
  maxTextBytes,
  readHead,
  writeHead,
  writeTimestamp,
  writeToken,
} from "../../wire/frames.ts";
import type { EncodedEvent } from "../encode.ts";
import { Overflow, type OverflowOptions } from "../overflow.ts";
import { FrameBacklog, type Receipt } from "./frame-backlog.ts";
import { TokenBatch } from "./token-batch.ts";

/** The frame that defines a run, for which there was no room before the run's event. */
export interface Definition {
  readonly head: FrameHead;
  readonly payload: Uint8Array;
  /** The frame is on its way with the event. */
  readonly onTaken: () => void;
}

/**
 * Writes a lane's frames: into its ring while there is room, else into the backlog, from which they go to the ring in
 * order as the lane makes room. The overflow policy decides what happens when the backlog is full too.
 */
export class FrameWriter {
  readonly #producer: RingProducer;
  readonly #batch: TokenBatch;
  readonly #overflow: Overflow;
  readonly #backlog: FrameBacklog;
  #isPumping = false;
  /** Bytes of the backlog's oldest frame that are in the ring already, as fragments. */
  #writtenBytes = 0;

  constructor(ring: SharedArrayBuffer, options: OverflowOptions) {
    this.#producer = new RingProducer(ring);
    this.#batch = new TokenBatch(this.#producer, () => this.wake(false));
    this.#overflow = new Overflow(options);
    this.#backlog = new FrameBacklog((events) => this.#overflow.countDropped(events));
  }

  /** Behind the last frame in the ring. */
  get position(): number {
    return this.#producer.position;
  }
  get released(): number {
    return this.#producer.released;
  }
  /** Whether everything written is released and nothing waits for room. */
  get isReleased(): boolean {
    return this.#backlog.length === 0 && this.#producer.released === this.#producer.position;
  }
  /** Bytes in the ring and waiting for room in it. */
  get bufferedBytes(): number {
    return this.#producer.usedBytes + this.#backlog.bytes;
  }
  get dropped(): number {
    return this.#overflow.dropped;
  }

  /** See `RingProducer.watch`. */
  watch(isWatching: boolean): void {
    this.#producer.watch(isWatching);
  }

  donePositions(): Iterable<number> {
    return this.#producer.donePositions();
  }

  /** Wakes the lane, for all that is written: `promptly` even from a nap, since a caller waits for the outcome. */
  wake(promptly: boolean): void {
    this.#batch.publishWaiting();
    this.#producer.wake(promptly ? NAPPING : SLEEPING);
  }

  /** Writes a frame if it fits now. */
  tryWrite(head: FrameHead, payload: Uint8Array): boolean {
    const length = FRAME_HEAD_BYTES + payload.byteLength;
    if (this.#backlog.length > 0 || length > this.#producer.maxBodyBytes) return false;
    const at = this.#producer.reserve(length);
    if (at < 0) return false;
    writeHead(this.#producer, at, head);
    this.#producer.bytes.set(payload, at + FRAME_HEAD_BYTES);
    this.#producer.commit(length);
    this.#batch.publish();
    return true;
  }

  /** Writes a token's frame if it fits now, and wakes the lane when it is time. Returns the bytes of its text, or -1. */
  tryWriteToken(text: string, runNumber: number, timestamp: number | undefined): number {
    const maxLength = FRAME_HEAD_BYTES + maxTextBytes(text);
    if (this.#backlog.length > 0 || maxLength > this.#producer.maxBodyBytes) return -1;
    const at = this.#producer.reserve(maxLength);
    if (at < 0) return -1;
    const textBytes = writeToken(this.#producer, at, text, runNumber);
    if (timestamp === undefined) writeTimestamp(this.#producer, at, now());
    else writeTimestamp(this.#producer, at, timestamp);
    this.#producer.commit(FRAME_HEAD_BYTES + textBytes);
    this.#batch.addToken(at);
    return textBytes;
  }

  /**
   * Takes a frame that found no room, and the definition that has to precede it, if the overflow policy lets them. The promise
   * resolves when the frame is in the ring or dropped, and rejects when it is given up with an error; the receipt, if there is
   * one, gets the same of this frame alone.
   */
  buffer(
    head: FrameHead,
    { payload, importance }: Pick<EncodedEvent, "payload" | "importance">,
    definition: Definition | undefined,
    receipt?: Receipt,
  ): Promise<void> {
    const bytes = FRAME_HEAD_BYTES + payload.byteLength + (definition?.payload.byteLength ?? 0);
    const admission = this.#overflow.admit(this.#backlog, bytes, importance);
    if (admission !== "admitted") {
      receipt?.onDropped(admission.error);
      return admission.error === undefined ? RESOLVED : Promise.reject(admission.error);
    }
    if (definition !== undefined) {
      void this.#backlog.add(definition.head, definition.payload, "definition");
      definition.onTaken();
    }
    const written = this.#backlog.add(head, payload, importance, receipt);
    if (!this.#isPumping) void this.#pump();
    return written;
  }

  /** Resolves when all that waits now is in the ring. Rejects when it is given up. */
  drained(): Promise<void> {
    return this.#backlog.written ?? RESOLVED;
  }

  /** Gives up all that waits and takes nothing more from the backlog to the ring. */
  stop(error: Error): void {
    this.#backlog.clear(error);
    this.#producer.interrupt();
    this.#overflow.reportDropped();
  }

  async #pump(): Promise<void> {
    this.#isPumping = true;
    for (let frame = this.#backlog.first(); frame !== undefined; frame = this.#backlog.first()) {
      if (this.#moveOn(frame)) continue;
      this.#batch.publish();
      this.wake(true);
      await this.#producer.space(Math.min(frame.byteLength, this.#producer.maxBodyBytes));
    }
    this.#isPumping = false;
    this.#batch.publish();
    this.wake(true);
    this.#overflow.reportDropped();
  }

  /** Moves the backlog's oldest frame, or its next fragment, into the ring. False: there is no room. */
  #moveOn(frame: Uint8Array): boolean {
    const { maxBodyBytes } = this.#producer;
    const isWhole = frame.byteLength <= maxBodyBytes;
    const headBytes = isWhole ? 0 : FRAME_HEAD_BYTES;
    const begin = this.#writtenBytes;
    const end = Math.min(frame.byteLength, begin + maxBodyBytes - headBytes);
    const at = this.#producer.reserve(headBytes + end - begin);
    if (at < 0) return false;
    const isLast = end === frame.byteLength;
    if (!isWhole) {
      writeHead(this.#producer, at, pieceHead(frame, begin === 0, isLast));
    }
    this.#producer.bytes.set(frame.subarray(begin, end), at + headBytes);
    this.#producer.commit(headBytes + end - begin);
    this.#writtenBytes = isLast ? 0 : end;
    if (isLast) this.#backlog.shift(this.#producer.position);
    return true;
  }
}

/** A piece names its event, because its frame's beginning may be lost with a thread. */
function pieceHead(frame: Uint8Array, isFirst: boolean, isLast: boolean): FrameHead {
  const data = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const head = readHead({ bytes: frame, data }, 0);
  const flags = head.flags | (isFirst ? FIRST_PIECE : 0) | (isLast ? LAST_PIECE : 0);
  return { ...head, kind: FRAGMENT, flags };
}
