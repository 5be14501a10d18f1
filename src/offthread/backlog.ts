import { Fifo } from "../fifo.ts";

/** A frame that found no room in the ring. */
export interface WaitingFrame {
  readonly bytes: Uint8Array;
  /** Whether it is among the first to go when something has to. */
  readonly droppable: boolean;
  /** Called once with the position behind the frame when it is in the ring. */
  readonly onWritten: (position: number) => void;
  /** Called once instead when the frame is given up: dropped, or because of an error. */
  readonly onDropped: (error: Error | undefined) => void;
}

/** Frames that wait for room, in order. */
export class Backlog {
  #frames = new Fifo<WaitingFrame>();
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }
  get length(): number {
    return this.#frames.length;
  }

  add(frame: WaitingFrame): void {
    this.#frames.push(frame);
    this.#bytes += frame.bytes.byteLength;
  }

  peek(): WaitingFrame | undefined {
    return this.#frames.peek();
  }

  shift(): void {
    this.#bytes -= this.#frames.shift()?.bytes.byteLength ?? 0;
  }

  /**
   * Drops droppable frames, newest first, until `neededBytes` are gone or none is left; the frame at the head stays, since
   * it may be half written. Frees an eighth of all more than is needed, so that a full backlog is not walked every time.
   */
  evict(neededBytes: number): void {
    const goal = neededBytes + this.#bytes / 8;
    const head = this.#frames.peek();
    const kept: WaitingFrame[] = [];
    let freed = 0;
    for (const frame of this.#frames.drain().reverse()) {
      if (freed >= goal || !frame.droppable || frame === head) kept.push(frame);
      else freed += this.#drop(frame, undefined);
    }
    for (const frame of kept.reverse()) this.#frames.push(frame);
  }

  /** Gives up everything. */
  clear(error: Error): void {
    for (const frame of this.#frames.drain()) this.#drop(frame, error);
  }

  #drop(frame: WaitingFrame, error: Error | undefined): number {
    this.#bytes -= frame.bytes.byteLength;
    frame.onDropped(error);
    return frame.bytes.byteLength;
  }
}
