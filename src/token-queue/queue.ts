import { errorText, SidecallError } from "../common/errors.ts";
import { Fifo } from "../common/fifo.ts";
import { keepAlive } from "../common/keep-alive.ts";
import { resolve } from "../common/options.ts";
import { maxTextBytes, writeUnits } from "../common/text-codec.ts";
import { RESOLVED } from "../common/thenable.ts";
import { invalidOption } from "../common/validate.ts";
import { NAPPING } from "../shared-memory/layout.ts";
import { RingProducer } from "../shared-memory/producer.ts";
import {
  allocateTokens,
  CANCELLED,
  END,
  ERROR,
  MORE,
  QUEUE_OPTIONS,
  type SharedTokens,
  TOKEN,
  TOKEN_HEAD_BYTES,
  type TokenQueueOptions,
  WIDE,
} from "./layout.ts";

interface TokenRecord {
  readonly kind: number;
  readonly text: string;
  /** Where the part that is not yet written begins. */
  from: number;
}

/** A record that waits for space, and who is told when it is written. */
interface WaitingRecord {
  readonly record: TokenRecord;
  readonly written: () => void;
}

function property(error: Error, key: string): unknown {
  const value: unknown = Reflect.get(error, key);
  return typeof value === "string" || typeof value === "number" ? value : undefined;
}

/** What crosses of an error, as JSON, which keeps lone surrogates. */
function describeError(error: unknown): string {
  try {
    if (error instanceof Error) {
      return JSON.stringify(["name", "message", "stack", "code"].map((key) => property(error, key) ?? null));
    }
  } catch {
    // An error with throwing getters is described like any other thrown value.
  }
  return JSON.stringify(["SidecallError", errorText(error), null, "SIDECALL_RUN_FAILED"]);
}

/**
 * The writing end of a queue of tokens, which a {@link TokenReader} on this or another thread iterates. One thread
 * writes. Tokens arrive exactly, whatever their length; the end, or an error, is the last record in the queue
 * itself, so that nothing is lost when it overtakes the reader.
 *
 * ```ts
 * const queue = new TokenQueue();
 * worker.postMessage(queue.shared);    // there: for await (const token of new TokenReader(shared)) …
 * await queue.push("Why");             // waits while the queue is full, and keeps the process alive meanwhile
 * await queue.end();
 * ```
 *
 * A reader that leaves early aborts `signal`; what is pushed from then on is dropped and counted.
 */
export class TokenQueue {
  /** What to post to another thread and to build a {@link TokenReader} from. */
  readonly shared: SharedTokens;
  readonly #ring: RingProducer;
  readonly #control: Int32Array;
  readonly #cancel = new AbortController();
  readonly #waiting = new Fifo<WaitingRecord>();
  /** The longest text of one record, in UTF-16 units. */
  readonly #pieceUnits: number;
  #dropped = 0;
  #closing: Promise<void> | undefined;

  /** Throws SIDECALL_OPTION_INVALID. */
  constructor(options: TokenQueueOptions = {}) {
    this.shared = allocateTokens(resolve("options", QUEUE_OPTIONS, options).queueBytes);
    this.#ring = new RingProducer(this.shared.ring);
    this.#control = new Int32Array(this.shared.control);
    this.#pieceUnits = (this.#ring.maxBodyBytes - TOKEN_HEAD_BYTES) >> 1;
    void this.#watchCancellation();
  }

  /** Aborted when the reader leaves early; stays as it is once the end is in the queue. */
  get signal(): AbortSignal {
    return this.#cancel.signal;
  }

  /** Tokens that were dropped because the reader has left. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * Puts a token into the queue. Resolves when it is there: at once while there is space, or when the reader has
   * left. Rejects with SIDECALL_CLOSED after `end` or `fail`, with SIDECALL_OPTION_INVALID for what is no string.
   */
  push(token: string): Promise<void> {
    if (this.#closing !== undefined) {
      const message = "Expected no token after end() or fail(); a queue carries one run";
      return Promise.reject(new SidecallError("SIDECALL_CLOSED", message));
    }
    if (typeof token !== "string") {
      return Promise.reject(invalidOption("token", "a string", token));
    }
    return this.#put(TOKEN, token);
  }

  /** Ends the reader's iteration once it has read everything. Resolves when that is in the queue; idempotent. */
  end(): Promise<void> {
    this.#closing ??= this.#close(END, "");
    return this.#closing;
  }

  /** Ends the reader's iteration by throwing `error` there: name, message, stack and code cross. Otherwise like `end`. */
  fail(error: unknown): Promise<void> {
    this.#closing ??= this.#close(ERROR, describeError(error));
    return this.#closing;
  }

  async #close(kind: number, text: string): Promise<void> {
    await this.#put(kind, text);
    // Lets the watch end: a wait that nobody ends is never freed.
    Atomics.notify(this.#control, CANCELLED);
  }

  #put(kind: number, text: string): Promise<void> {
    const record: TokenRecord = { kind, text, from: 0 };
    if (this.#hasLeft()) return this.#drop(record);
    if (this.#waiting.length === 0 && this.#write(record)) return RESOLVED;
    return new Promise((written) => {
      this.#waiting.push({ record, written });
      if (this.#waiting.length === 1) void this.#drain();
    });
  }

  /** Writes what waits, as space comes; each record stays in the line until it is written. */
  async #drain(): Promise<void> {
    for (let next = this.#waiting.peek(); next !== undefined; next = this.#waiting.peek()) {
      while (!this.#hasLeft() && !this.#write(next.record)) {
        await keepAlive(this.#ring.space(TOKEN_HEAD_BYTES + 2 * this.#pieceUnits));
      }
      if (this.#hasLeft()) void this.#drop(next.record);
      next.written();
      this.#waiting.shift();
    }
  }

  /** Writes what fits of a record, in pieces, and wakes the reader. Returns whether all of it is written. */
  #write(record: TokenRecord): boolean {
    const before = this.#ring.position;
    let isComplete = false;
    while (!isComplete) {
      const piece = record.text.slice(record.from, record.from + this.#pieceUnits);
      const at = this.#ring.reserve(TOKEN_HEAD_BYTES + maxTextBytes(piece));
      if (at === -1) break;
      record.from += piece.length;
      isComplete = record.from === record.text.length;
      this.#ring.commit(TOKEN_HEAD_BYTES + this.#writePiece(at, record.kind, piece, isComplete));
    }
    if (this.#ring.position !== before) {
      this.#ring.publish();
      this.#ring.wake(NAPPING);
    }
    return isComplete;
  }

  #writePiece(at: number, kind: number, piece: string, isLast: boolean): number {
    const textBytes = writeUnits(this.#ring, at + TOKEN_HEAD_BYTES, piece);
    this.#ring.bytes[at] = kind;
    this.#ring.bytes[at + 1] = (textBytes > piece.length ? WIDE : 0) | (isLast ? 0 : MORE);
    return textBytes;
  }

  #drop({ kind }: TokenRecord): Promise<void> {
    if (kind === TOKEN) this.#dropped += 1;
    return RESOLVED;
  }

  /** Whether the reader has left; the first to find out aborts the signal. */
  #hasLeft(): boolean {
    if (Atomics.load(this.#control, CANCELLED) === 0) return false;
    if (!this.#cancel.signal.aborted) this.#cancel.abort();
    return true;
  }

  async #watchCancellation(): Promise<void> {
    await Atomics.waitAsync(this.#control, CANCELLED, 0).value;
    this.#hasLeft();
  }
}
