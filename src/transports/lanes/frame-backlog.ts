import { Fifo } from "../../common/fifo.ts";
import { FRAME_HEAD_BYTES, type FrameHead, writeHead } from "../../wire/frames.ts";
import type { Backlog, Eviction, Importance } from "../overflow.ts";

/** Callbacks for a caller who waits until the event of one frame is handled. */
export interface Receipt {
  /** The frame is in the ring, up to this position. */
  readonly onWritten: (position: number) => void;
  /** The frame was given up: dropped, or because of an error. */
  readonly onDropped: (error: Error | undefined) => void;
}

const BLOCK_BYTES = 64 * 1024;

/*
 * Frames stand in a block one behind the other, each behind a word of 32 bits: its length, and in the upper two bits its
 * importance. Packing them keeps a burst of tokens from becoming as many objects.
 */
const WORD_BYTES = 4;
const LENGTH = 0x3fffffff;
const IMPORTANCE = ["definition", "lifecycle", "droppable"] as const satisfies Importance[];
const IMPORTANCE_SHIFT = 30;

class Block {
  readonly bytes: Uint8Array;
  readonly data: DataView;
  /** Where the oldest frame's word is, and where the next frame's will be. */
  begin = 0;
  end = 0;
  /** By the place of the frame's word. */
  readonly receipts = new Map<number, Receipt>();
  /** Resolves when all frames up to the block's end are in the ring. Shared by all callers who wait for no more than that. */
  readonly written: Promise<void>;
  resolve: (value?: Promise<void>) => void = () => undefined;
  reject: (error: Error) => void = () => undefined;

  constructor(minBytes: number) {
    this.bytes = new Uint8Array(Math.max(BLOCK_BYTES, minBytes));
    this.data = new DataView(this.bytes.buffer);
    this.written = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Callers that wait get the rejection; without any it is no fault.
    this.written.catch(() => undefined);
  }

  lengthAt(at: number): number {
    return this.data.getUint32(at, true) & LENGTH;
  }

  importanceAt(at: number): Importance {
    return IMPORTANCE[this.data.getUint32(at, true) >>> IMPORTANCE_SHIFT] ?? "definition";
  }

  /** Places of the words of the frames, oldest first. */
  *places(): Generator<number> {
    for (let at = this.begin; at < this.end; at += WORD_BYTES + this.lengthAt(at)) yield at;
  }
}

/** Frames that wait for room in the ring, in order. */
export class FrameBacklog implements Backlog {
  #blocks = new Fifo<Block>();
  #newest: Block | undefined;
  #bytes = 0;
  #length = 0;
  readonly #onDropped: (events: number) => void;

  /** `onDropped` gets the number of events that `evict` and `clear` give up. */
  constructor(onDropped: (events: number) => void) {
    this.#onDropped = onDropped;
  }

  get bytes(): number {
    return this.#bytes;
  }
  get length(): number {
    return this.#length;
  }
  /** Resolves when all frames that wait now are in the ring; undefined if none waits. */
  get written(): Promise<void> | undefined {
    return this.#newest?.written;
  }

  /** Takes a frame. The promise resolves when it and its neighbours are in the ring, and rejects with `clear`'s error. */
  add(head: FrameHead, payload: Uint8Array, importance: Importance, receipt?: Receipt): Promise<void> {
    const length = FRAME_HEAD_BYTES + payload.byteLength;
    const block = this.#blockFor(WORD_BYTES + length);
    const at = block.end;
    block.data.setUint32(at, (length | (IMPORTANCE.indexOf(importance) << IMPORTANCE_SHIFT)) >>> 0, true);
    writeHead(block, at + WORD_BYTES, head);
    block.bytes.set(payload, at + WORD_BYTES + FRAME_HEAD_BYTES);
    block.end += WORD_BYTES + length;
    if (receipt !== undefined) block.receipts.set(at, receipt);
    this.#bytes += length;
    this.#length += 1;
    return block.written;
  }

  /** The oldest frame. */
  first(): Uint8Array | undefined {
    const block = this.#blocks.peek();
    if (block === undefined) return undefined;
    const start = block.begin + WORD_BYTES;
    return block.bytes.subarray(start, start + block.lengthAt(block.begin));
  }

  /** The oldest frame is in the ring, up to `position`. */
  shift(position: number): void {
    const block = this.#blocks.peek();
    if (block === undefined) return;
    const at = block.begin;
    const length = block.lengthAt(at);
    block.begin += WORD_BYTES + length;
    this.#bytes -= length;
    this.#length -= 1;
    block.receipts.get(at)?.onWritten(position);
    block.receipts.delete(at);
    if (block.begin < block.end) return;
    this.#blocks.shift();
    if (this.#newest === block) this.#newest = undefined;
    block.resolve();
  }

  /** Gives up victims until `bytes` are gone. The oldest frame stays: a part of it may be in the ring. */
  evict(bytes: number, eviction: Eviction): void {
    const goal = this.#bytes - bytes;
    const before = this.#length;
    const blocks = this.#blocks.drain();
    const [oldest] = blocks;
    for (const block of eviction.evictFrom === "newest" ? blocks.toReversed() : blocks) {
      if (this.#bytes > goal) this.#thin(block, goal, block === oldest, eviction);
    }
    this.#newest = undefined;
    for (const block of blocks) {
      if (block.begin === block.end) {
        // Its callers wait for all before it too.
        block.resolve(this.#newest?.written);
        continue;
      }
      this.#blocks.push(block);
      this.#newest = block;
    }
    this.#onDropped(before - this.#length);
  }

  /** Gives up everything. */
  clear(error: Error): void {
    let events = 0;
    for (const block of this.#blocks.drain()) {
      for (const at of block.places()) if (block.importanceAt(at) !== "definition") events += 1;
      for (const { onDropped } of block.receipts.values()) onDropped(error);
      block.reject(error);
    }
    this.#newest = undefined;
    this.#bytes = 0;
    this.#length = 0;
    this.#onDropped(events);
  }

  #blockFor(bytes: number): Block {
    if (this.#newest !== undefined && this.#newest.end + bytes <= this.#newest.bytes.byteLength)
      return this.#newest;
    this.#newest = new Block(bytes);
    this.#blocks.push(this.#newest);
    return this.#newest;
  }

  /** Gives up victims of one block, and closes the gaps that they leave. */
  #thin(block: Block, goal: number, keepFirst: boolean, { isVictim, evictFrom }: Eviction): void {
    const places = [...block.places()];
    const dropped = new Set<number>();
    for (const at of evictFrom === "newest" ? places.toReversed() : places) {
      if (this.#bytes <= goal) break;
      if ((keepFirst && at === block.begin) || !isVictim(block.importanceAt(at))) continue;
      dropped.add(at);
      this.#bytes -= block.lengthAt(at);
      this.#length -= 1;
    }
    let end = block.begin;
    for (const at of places) {
      const size = WORD_BYTES + block.lengthAt(at);
      const receipt = block.receipts.get(at);
      block.receipts.delete(at);
      if (dropped.has(at)) {
        receipt?.onDropped(undefined);
        continue;
      }
      block.bytes.copyWithin(end, at, at + size);
      if (receipt !== undefined) block.receipts.set(end, receipt);
      end += size;
    }
    block.end = end;
  }
}
