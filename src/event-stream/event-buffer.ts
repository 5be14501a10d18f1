import { Fifo } from "../common/fifo.ts";

/** An item that waits for space, and who is told when it has got some. */
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

/** A queue between writers and readers of one thread, in which no more than `capacity` items lie. */
export class EventBuffer<T> {
  readonly #capacity: number;
  readonly #items = new Fifo<T>();
  readonly #waiting = new Fifo<Waiting<T>>();
  readonly #readers = new Fifo<Reader<T>>();
  #end: End | undefined;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Puts an item in. Returns what to wait for if there is no space; after the end the item is dropped. */
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

  /** The next item; after all of them the error that the buffer was closed with, once, then `done`. */
  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#items.length > 0) return Promise.resolve({ done: false, value: this.#take() });
    if (this.#end === undefined)
      return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
    const end = this.#end;
    this.#end = {};
    return "error" in end ? Promise.reject(end.error) : Promise.resolve(DONE);
  }

  /** No more items; those that are in stay. Nobody waits for space any longer: a reader might never come. */
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

  /** No more items, and those that are in are dropped. */
  discard(): void {
    this.close({});
    this.#end = {};
    this.#items.drain();
  }

  #take(): T {
    // The caller has seen that there is one; `as` because items may be undefined themselves.
    const item = this.#items.shift() as T;
    const next = this.#waiting.shift();
    if (next !== undefined) {
      this.#items.push(next.item);
      next.admitted();
    }
    return item;
  }
}
