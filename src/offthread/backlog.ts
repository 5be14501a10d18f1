import { SidecallError } from "../errors.ts";
import { Fifo } from "../fifo.ts";
import type { ResolvedOptions } from "./options.ts";

/** An event that waits for room. */
export interface Waiting {
  readonly byteLength: number;
  /** Whether it is among the first to go when something has to. */
  readonly droppable: boolean;
  /** Called once when the event is given up: dropped, or because of an error. */
  readonly onDropped: (error: Error | undefined) => void;
}

/**
 * Events that wait for room on their way to the threads, in order and up to a bound; beyond it the overflow policy speaks.
 * Counts what is given up, and reports it once for each time that the backlog was full.
 */
export class Backlog<Item extends Waiting> {
  readonly #policy: ResolvedOptions["overflow"];
  readonly #maxBytes: number;
  readonly #items = new Fifo<Item>();
  #bytes = 0;
  #dropped = 0;
  #droppedUnreported = 0;
  #hasWarned = false;

  constructor(options: Pick<ResolvedOptions, "overflow" | "maxBufferedBytes">) {
    this.#policy = options.overflow;
    this.#maxBytes = options.maxBufferedBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }
  get length(): number {
    return this.#items.length;
  }
  /** Events given up so far. */
  get dropped(): number {
    return this.#dropped;
  }

  peek(): Item | undefined {
    return this.#items.peek();
  }

  /** Takes an item whatever the bound says. */
  addAlways(item: Item): void {
    this.#items.push(item);
    this.#bytes += item.byteLength;
  }

  /** Takes an item, or gives it up, as the policy says. */
  add(item: Item): void {
    if (this.#makeRoom(item)) this.addAlways(item);
    else this.#drop(item, this.#policy === "throw" ? this.#overflowError() : undefined);
  }

  shift(): Item | undefined {
    const item = this.#items.shift();
    if (item === undefined) return undefined;
    this.#bytes -= item.byteLength;
    if (this.#items.length === 0) this.#reportDropped();
    return item;
  }

  /** Gives up everything. */
  clear(error: Error): void {
    this.#bytes = 0;
    for (const item of this.#items.drain()) this.#drop(item, error);
    this.#reportDropped();
  }

  #makeRoom(item: Item): boolean {
    if (this.#fits(item)) return true;
    if (this.#policy === "wait") {
      this.#warnBeyondBound();
      return true;
    }
    if (this.#policy === "drop" && !item.droppable)
      this.#evict(this.#bytes + item.byteLength - this.#maxBytes);
    return this.#fits(item);
  }

  /** One item always fits, however large: else it could never be sent. */
  #fits(item: Item): boolean {
    return this.#items.length === 0 || this.#bytes + item.byteLength <= this.#maxBytes;
  }

  /**
   * Drops droppable items, newest first, until `neededBytes` are gone or none is left; the item at the head stays, since it
   * may be half written. Frees an eighth of all more than is needed, so that a full backlog is not walked every time.
   */
  #evict(neededBytes: number): void {
    const goal = neededBytes + this.#bytes / 8;
    const head = this.#items.peek();
    const kept: Item[] = [];
    let freed = 0;
    for (const item of this.#items.drain().reverse()) {
      if (freed >= goal || !item.droppable || item === head) {
        kept.push(item);
        continue;
      }
      freed += item.byteLength;
      this.#drop(item, undefined);
    }
    for (const item of kept.reverse()) this.#items.push(item);
    this.#bytes -= freed;
  }

  #drop(item: Item, error: Error | undefined): void {
    this.#dropped += 1;
    this.#droppedUnreported += 1;
    item.onDropped(error);
  }

  #overflowError(): SidecallError {
    return new SidecallError(
      "SIDECALL_OVERFLOW",
      `Expected at most ${this.#maxBytes} bytes of events to wait for handlers, and they do. Await the callbacks, raise maxBufferedBytes or threads, or choose another overflow policy.`,
    );
  }

  #warnBeyondBound(): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    process.emitWarning(
      `More than ${this.#maxBytes} bytes of events wait for off-thread handlers, and their callers do not wait. Memory grows until the handlers catch up.`,
      { type: "SidecallWarning", code: "SIDECALL_OVERFLOW" },
    );
  }

  #reportDropped(): void {
    if (this.#droppedUnreported === 0) return;
    process.emitWarning(`${this.#droppedUnreported} events for off-thread handlers were dropped.`, {
      type: "SidecallWarning",
      code: "SIDECALL_OVERFLOW",
    });
    this.#droppedUnreported = 0;
  }
}
