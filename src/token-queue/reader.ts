import { SidecallError } from "../common/errors.ts";
import { Fifo } from "../common/fifo.ts";
import { keepAlive } from "../common/keep-alive.ts";
import { UnitReader } from "../common/text-codec.ts";
import { RESOLVED } from "../common/thenable.ts";
import { invalidOption } from "../common/validate.ts";
import { reportIfUnawaited } from "../core/unawaited.ts";
import { RingConsumer } from "../shared-memory/consumer.ts";
import { SLEEPING } from "../shared-memory/layout.ts";
import {
  CANCELLED,
  CHOICE_BYTES,
  controlWords,
  ERROR,
  MORE,
  OF_CHOICE,
  type SharedTokens,
  TOKEN,
  TOKEN_HEAD_BYTES,
  type TokenItem,
  UNKNOWN_RUN,
  WIDE,
} from "./layout.ts";
import { endLifeSign, takeQueue } from "./life-sign.ts";
import { rebuildError } from "./run-error.ts";

type Result<Item> = IteratorResult<Item, undefined>;

interface WaitingRead<Item> {
  readonly resolve: (result: Result<Item>) => void;
  readonly reject: (error: unknown) => void;
}

const DONE = { done: true, value: undefined } as const;

/**
 * The reading end of a queue of tokens, on any thread: iterates the tokens in order, ends after the producer's `end`,
 * throws the error of its `fail`. Leaving the loop early aborts the producer's `signal`. A waiting reader keeps the
 * process alive.
 *
 * ```ts
 * for await (const token of new TokenReader(queue)) process.stdout.write(token);
 * ```
 *
 * A queue of all choices gives `{ text, index }`; on another thread its reader is a `TokenReader<ChoiceToken>`.
 */
export class TokenReader<Item extends TokenItem = string> implements AsyncIterableIterator<Item> {
  readonly #ring: RingConsumer;
  readonly #control: Int32Array;
  readonly #text: UnitReader;
  /** The pieces so far of a token whose last piece has not been read yet. */
  #partial = "";
  #isDone = false;
  readonly #reads = new Fifo<WaitingRead<Item>>();

  /** Throws SIDECALL_QUEUE_TAKEN if the queue has a reader, SIDECALL_OPTION_INVALID if `queue` is none. */
  constructor(queue: SharedTokens<Item>) {
    const control = controlWords(queue);
    if (control === undefined) {
      throw invalidOption("queue", "what `handler.queue` or `tokenQueue.shared` gives", queue);
    }
    if (!takeQueue(control)) {
      const message = "Expected a token queue without a reader; each queue is read once, by one reader";
      throw new SidecallError("SIDECALL_QUEUE_TAKEN", message);
    }
    this.#control = control;
    this.#ring = new RingConsumer(queue.ring);
    this.#text = new UnitReader(this.#ring);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result<Item>> {
    try {
      const result = this.#reads.length === 0 ? this.#take() : undefined;
      return result === undefined ? this.#tolerated(this.#wait()) : Promise.resolve(result);
    } catch (error) {
      return this.#tolerated(Promise.reject(error));
    }
  }

  /** Leaves early: aborts the producer's signal and drops all unread tokens. */
  async return(): Promise<Result<Item>> {
    if (this.#isDone) return DONE;
    this.#isDone = true;
    Atomics.store(this.#control, CANCELLED, 1);
    Atomics.notify(this.#control, CANCELLED);
    // Frees all space after the store: a producer that waits for space, even from now on, finds it at once.
    for (let at = this.#ring.next(); at !== -1; at = this.#ring.next()) this.#ring.markDone(at);
    this.#ring.release();
    this.#ring.offerSpace(true);
    this.#ring.interrupt();
    endLifeSign(this.#control);
    return DONE;
  }

  /** The id of the run that the tokens belong to, where it is known. */
  protected get runId(): string {
    return UNKNOWN_RUN;
  }

  /** The error that the iteration throws for the description of it that crossed. */
  protected errorOf(description: string): unknown {
    return rebuildError(description);
  }

  /** A read that is not awaited must not end the process. */
  #tolerated(read: Promise<Result<Item>>): Promise<Result<Item>> {
    const handler = this.constructor.name;
    return reportIfUnawaited(read, () => ({ handler, event: "on_llm_error", runId: this.runId }));
  }

  #wait(): Promise<Result<Item>> {
    return new Promise((resolve, reject) => {
      this.#reads.push({ resolve, reject });
      if (this.#reads.length === 1) void this.#serve();
    });
  }

  /** Serves the waiting reads in turn; each stays in the line until it has its result. */
  async #serve(): Promise<void> {
    // A producer on this thread that pushes in the same turn needs not wake this side.
    await RESOLVED;
    for (let read = this.#reads.peek(); read !== undefined; read = this.#reads.peek()) {
      try {
        read.resolve(await this.#waitAndTake());
      } catch (error) {
        read.reject(error);
      }
      this.#reads.shift();
    }
  }

  async #waitAndTake(): Promise<Result<Item>> {
    for (;;) {
      const result = this.#take();
      if (result !== undefined) return result;
      this.#ring.offerSpace(true);
      await keepAlive(this.#ring.wait(SLEEPING, Number.POSITIVE_INFINITY));
    }
  }

  /** Takes the next token or the end, if it is written; throws if an error is next. */
  #take(): Result<Item> | undefined {
    while (!this.#isDone) {
      const at = this.#ring.next();
      if (at === -1) return undefined;
      const kind = this.#ring.bytes[at];
      const flags = this.#ring.bytes[at + 1] ?? 0;
      const isOfChoice = (flags & OF_CHOICE) !== 0;
      const head = isOfChoice ? TOKEN_HEAD_BYTES + CHOICE_BYTES : TOKEN_HEAD_BYTES;
      const choice = isOfChoice ? this.#ring.data.getUint32(at + TOKEN_HEAD_BYTES, true) : undefined;
      this.#partial += this.#text.read((flags & WIDE) !== 0, at + head, this.#ring.bodyBytes - head);
      this.#ring.markDone(at);
      this.#ring.release();
      this.#ring.offerSpace(false);
      if ((flags & MORE) === 0) return this.#complete(kind, choice);
    }
    return DONE;
  }

  #complete(kind: number | undefined, choice: number | undefined): Result<Item> {
    const text = this.#partial;
    this.#partial = "";
    if (kind === TOKEN) {
      const item: TokenItem = choice === undefined ? text : { text, index: choice };
      // The producer's type: its queue has items of one kind.
      return { done: false, value: item as Item };
    }
    this.#isDone = true;
    endLifeSign(this.#control);
    if (kind === ERROR) throw this.errorOf(text);
    return DONE;
  }
}
