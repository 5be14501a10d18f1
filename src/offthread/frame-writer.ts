import { NAPPING, SLEEPING } from "../shared-memory/layout.ts";
import { RingProducer } from "../shared-memory/producer.ts";
import {
  FIRST_PIECE,
  FRAGMENT,
  FRAME_HEAD_BYTES,
  type FrameHead,
  LAST_PIECE,
  maxTextBytes,
  writeHead,
  writeText,
} from "../wire/frames.ts";
import { Backlog, type Waiting } from "./backlog.ts";
import type { ResolvedOptions } from "./options.ts";

/** A frame that waits for room in the ring. */
interface WaitingFrame extends Waiting {
  readonly bytes: Uint8Array;
  /** Called once with the position behind the frame when it is in the ring. */
  readonly onWritten: (position: number) => void;
}
type Receipt = Pick<WaitingFrame, "droppable" | "onWritten" | "onDropped">;

const NOBODY: Receipt = { droppable: false, onWritten: () => undefined, onDropped: () => undefined };

interface Drain {
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Writes a lane's frames: into its ring while there is room, else into the backlog, from which they go to the ring in
 * order as the lane makes room. What happens when the backlog is full too is the overflow policy's word.
 */
export class FrameWriter {
  readonly #producer: RingProducer;
  readonly #backlog: Backlog<WaitingFrame>;
  #isPumping = false;
  #isStopped = false;
  /** Bytes of the frame at the backlog's head that are in the ring already, as fragments. */
  #writtenBytes = 0;
  #drains: Drain[] = [];

  constructor(ring: SharedArrayBuffer, options: Pick<ResolvedOptions, "overflow" | "maxBufferedBytes">) {
    this.#producer = new RingProducer(ring);
    this.#backlog = new Backlog(options);
  }

  /** Behind the last frame in the ring. */
  get position(): number {
    return this.#producer.position;
  }
  get released(): number {
    return this.#producer.released;
  }
  /** Whether everything written is settled and nothing waits. */
  get isSettled(): boolean {
    return this.#backlog.length === 0 && this.#producer.released === this.#producer.position;
  }
  /** Bytes in the ring and waiting for room in it. */
  get bufferedBytes(): number {
    return this.#producer.usedBytes + this.#backlog.bytes;
  }
  get dropped(): number {
    return this.#backlog.dropped;
  }

  settledPositions(): Iterable<number> {
    return this.#producer.settledPositions();
  }

  /** Wakes the lane: `promptly` even from a nap, since somebody waits for the outcome. */
  wake(promptly: boolean): void {
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
    this.#producer.publish();
    return true;
  }

  /** Writes a token's frame if it fits now. Returns the bytes of its text, or -1. */
  tryWriteText(head: FrameHead, text: string): number {
    const maxLength = FRAME_HEAD_BYTES + maxTextBytes(text);
    if (this.#backlog.length > 0 || maxLength > this.#producer.maxBodyBytes) return -1;
    const at = this.#producer.reserve(maxLength);
    if (at < 0) return -1;
    writeHead(this.#producer, at, head);
    const textBytes = writeText(this.#producer, at, text);
    this.#producer.commit(FRAME_HEAD_BYTES + textBytes);
    this.#producer.publish();
    return textBytes;
  }

  /** Takes a frame that found no room, if the overflow policy lets it. */
  buffer(head: FrameHead, payload: Uint8Array, receipt: Receipt): void {
    this.#backlog.add(waitingFrame(head, payload, receipt));
    if (!this.#isPumping) void this.#pump();
  }

  /** Takes a frame that the lane cannot do without. */
  bufferAlways(head: FrameHead, payload: Uint8Array): void {
    this.#backlog.addAlways(waitingFrame(head, payload, NOBODY));
    if (!this.#isPumping) void this.#pump();
  }

  /** Gives up all that waits and takes nothing more from the backlog to the ring. */
  stop(error: Error): void {
    this.#isStopped = true;
    this.#backlog.clear(error);
    for (const { reject } of this.#takeDrains()) reject(error);
  }

  /** Resolves when all that waits now is in the ring. */
  drained(): Promise<void> {
    if (this.#backlog.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => this.#drains.push({ resolve, reject }));
  }

  #takeDrains(): Drain[] {
    const drains = this.#drains;
    this.#drains = [];
    return drains;
  }

  async #pump(): Promise<void> {
    this.#isPumping = true;
    for (let frame = this.#backlog.peek(); frame !== undefined; frame = this.#backlog.peek()) {
      if (this.#moveOn(frame)) continue;
      this.#producer.publish();
      this.wake(true);
      await this.#producer.space(Math.min(frame.bytes.byteLength, this.#producer.maxBodyBytes));
      if (this.#isStopped) return;
    }
    this.#isPumping = false;
    this.#producer.publish();
    this.wake(true);
    for (const { resolve } of this.#takeDrains()) resolve();
  }

  /** Moves the frame at the backlog's head, or its next fragment, into the ring. False: there is no room. */
  #moveOn(frame: WaitingFrame): boolean {
    const { bytes } = frame;
    const isWhole = bytes.byteLength <= this.#producer.maxBodyBytes;
    const headBytes = isWhole ? 0 : FRAME_HEAD_BYTES;
    const begin = this.#writtenBytes;
    const end = Math.min(bytes.byteLength, begin + this.#producer.maxBodyBytes - headBytes);
    const at = this.#producer.reserve(headBytes + end - begin);
    if (at < 0) return false;
    const isLast = end === bytes.byteLength;
    if (!isWhole) {
      const flags = (begin === 0 ? FIRST_PIECE : 0) | (isLast ? LAST_PIECE : 0);
      writeHead(this.#producer, at, { kind: FRAGMENT, code: 0, flags, runNumber: 0, timestamp: 0 });
    }
    this.#producer.bytes.set(bytes.subarray(begin, end), at + headBytes);
    this.#producer.commit(headBytes + end - begin);
    this.#writtenBytes = isLast ? 0 : end;
    if (!isLast) return true;
    this.#backlog.shift();
    frame.onWritten(this.#producer.position);
    return true;
  }
}

function waitingFrame(head: FrameHead, payload: Uint8Array, receipt: Receipt): WaitingFrame {
  const byteLength = FRAME_HEAD_BYTES + payload.byteLength;
  const bytes = new Uint8Array(byteLength);
  writeHead({ bytes, data: new DataView(bytes.buffer) }, 0, head);
  bytes.set(payload, FRAME_HEAD_BYTES);
  return { bytes, byteLength, ...receipt };
}
