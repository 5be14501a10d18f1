import { SidecallError } from "../common/errors.ts";
import { keepAlive } from "../common/keep-alive.ts";
import { UnitReader } from "../common/text-codec.ts";
import { invalidOption } from "../common/validate.ts";
import { RingConsumer } from "../shared-memory/consumer.ts";
import { SLEEPING } from "../shared-memory/layout.ts";
import {
  CANCELLED,
  ERROR,
  MORE,
  READER,
  type SharedTokens,
  TOKEN,
  TOKEN_HEAD_BYTES,
  WIDE,
} from "./layout.ts";

type Result = IteratorResult<string, undefined>;

const DONE: Result = { done: true, value: undefined };

/** Rebuilds an error from the description that `TokenQueue.fail` wrote. */
function rebuildError(description: string): Error {
  const [name, message, stack, code] = JSON.parse(description) as [unknown, unknown, unknown, unknown];
  const error = new Error(String(message ?? ""));
  Object.defineProperty(error, "name", {
    value: String(name ?? "Error"),
    configurable: true,
    writable: true,
  });
  if (typeof stack === "string") error.stack = stack;
  return code === null ? error : Object.assign(error, { code });
}

/**
 * The reading end of a queue of tokens, on any thread: iterates the tokens in order, ends after the producer's `end`,
 * throws the error of its `fail`. Leaving the loop early aborts the producer's `signal`. A waiting reader keeps the
 * process alive.
 *
 * ```ts
 * for await (const token of new TokenReader(queue)) process.stdout.write(token);
 * ```
 */
export class TokenReader implements AsyncIterableIterator<string, undefined> {
  readonly #ring: RingConsumer;
  readonly #control: Int32Array;
  readonly #text: UnitReader;
  /** The pieces so far of a token whose last piece has not been read yet. */
  #partial = "";
  #isDone = false;
  /** The last of the waiting reads; each waits for the one before. */
  #lastRead: Promise<unknown> | undefined;

  /** Throws SIDECALL_QUEUE_TAKEN if the queue has a reader, SIDECALL_OPTION_INVALID if `queue` is none. */
  constructor(queue: SharedTokens) {
    if (!(queue?.ring instanceof SharedArrayBuffer && queue.control instanceof SharedArrayBuffer)) {
      throw invalidOption("queue", "what `handler.queue` or `tokenQueue.shared` gives", queue);
    }
    this.#control = new Int32Array(queue.control);
    if (Atomics.compareExchange(this.#control, READER, 0, 1) !== 0) {
      const message = "Expected a token queue without a reader; each queue is read once, by one reader";
      throw new SidecallError("SIDECALL_QUEUE_TAKEN", message);
    }
    this.#ring = new RingConsumer(queue.ring);
    this.#text = new UnitReader(this.#ring);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<Result> {
    if (this.#lastRead === undefined) {
      const result = this.#take();
      if (result !== undefined) return result;
    }
    return this.#takeInTurn();
  }

  /** Leaves early: aborts the producer's signal and drops all unread tokens. */
  async return(): Promise<Result> {
    if (this.#isDone) return DONE;
    this.#isDone = true;
    Atomics.store(this.#control, CANCELLED, 1);
    Atomics.notify(this.#control, CANCELLED);
    // Frees all space after the store: a producer that waits for space, even from now on, finds it at once.
    for (let at = this.#ring.next(); at !== -1; at = this.#ring.next()) this.#ring.markDone(at);
    this.#ring.release();
    this.#ring.offerSpace(true);
    this.#ring.interrupt();
    return DONE;
  }

  #takeInTurn(): Promise<Result> {
    const before = this.#lastRead ?? Promise.resolve();
    const read = before.then(() => this.#waitAndTake());
    const settled = read.then(
      () => undefined,
      () => undefined,
    );
    this.#lastRead = settled;
    void settled.then(() => {
      if (this.#lastRead === settled) this.#lastRead = undefined;
    });
    return read;
  }

  async #waitAndTake(): Promise<Result> {
    for (;;) {
      const result = this.#take();
      if (result !== undefined) return result;
      this.#ring.offerSpace(true);
      await keepAlive(this.#ring.wait(SLEEPING, Number.POSITIVE_INFINITY));
    }
  }

  /** Takes the next token or the end, if it is written; throws if an error is next. */
  #take(): Result | undefined {
    while (!this.#isDone) {
      const at = this.#ring.next();
      if (at === -1) return undefined;
      const kind = this.#ring.bytes[at];
      const flags = this.#ring.bytes[at + 1] ?? 0;
      const textBytes = this.#ring.bodyBytes - TOKEN_HEAD_BYTES;
      this.#partial += this.#text.read((flags & WIDE) !== 0, at + TOKEN_HEAD_BYTES, textBytes);
      this.#ring.markDone(at);
      this.#ring.release();
      this.#ring.offerSpace(false);
      if ((flags & MORE) === 0) return this.#complete(kind);
    }
    return DONE;
  }

  #complete(kind: number | undefined): Result {
    const text = this.#partial;
    this.#partial = "";
    if (kind === TOKEN) return { done: false, value: text };
    this.#isDone = true;
    if (kind === ERROR) throw rebuildError(text);
    return DONE;
  }
}
