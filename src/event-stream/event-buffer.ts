import { Fifo } from "../common/fifo.ts";

/** An item that waits for space; `admitted` is called when it has got some. */
interface Waiting<T> {
  readonly item: T;
  readonly admitted: () => void;
}

interface Reader<T> {
  readonly resolve: (result: IteratorResult<T, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

type End = { readonly error?: unknown };

const DONE = { done: true, value: undefined } as const;

/** A bounded queue between writers and readers of one thread: holds `capacity` items; further ones wait for space. */
export class EventBuffer<T> {
  readonly #capacity: number;
  readonly #items = new Fifo<T>();
  readonly #waiting = new Fifo<Waiting<T>>();
  readonly #readers = new Fifo<Reader<T>>();
  #end: End | undefined;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Number of items that can be read at once. */
  get length(): number {
    return this.#items.length;
  }

  /** Adds an item. Without space returns a promise that resolves once the item has some. Drops the item after the end. */
  push(item: T): Promise<void> | undefined {
    if (this.#end !== undefined) return undefined;
    const reader = this.#readers.shift();
    if (reader !== undefined) {
      reader.resolve({ done: false, value: item });
      return undefined;
    }
    if (this.#items.length >= this.#capacity)
      return new Promise((admitted) => this.#waiting.push({ item, admitted }));
    this.#items.push(item);
    return undefined;
  }

  /** Removes and returns the next item; after the last rejects once with the error of `close`, if any, then gives `done`. */
  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#items.length > 0) return Promise.resolve({ done: false, value: this.#take() });
    if (this.#end === undefined)
      return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
    const end = this.#end;
    this.#end = {};
    return "error" in end ? Promise.reject(end.error) : Promise.resolve(DONE);
  }

  /** Ends the queue. Items in it stay readable; writers stop waiting for space, since no reader may ever come. */
  close(end: End): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    for (const { item, admitted } of this.#waiting.drain()) {
      this.#items.push(item);
      admitted();
    }
    const readers = this.#readers.drain();
    const [first] = readers;
    if (first !== undefined && "error" in end) {
      this.#end = {};
      readers.shift();
      first.reject(end.error);
    }
    for (const reader of readers) reader.resolve(DONE);
  }

  /** Ends the queue and drops the items in it. */
  discard(): void {
    this.close({});
    this.#end = {};
    this.#items.drain();
  }

  #take(): T {
    // Called only if there is an item; `as` because an item itself may be undefined.
    const item = this.#items.shift() as T;
    const next = this.#waiting.shift();
    if (next !== undefined) {
      this.#items.push(next.item);
      next.admitted();
    }
    return item;
  }
}
