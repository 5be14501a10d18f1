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

interface TokenEntry {
  readonly kind: number;
  readonly text: string;
  /** Index in `text` of the first unit that is not yet written. */
  from: number;
}

/** An entry that waits for space; `written` resolves the promise of its push. */
interface WaitingEntry {
  readonly entry: TokenEntry;
  readonly written: () => void;
}

function property(error: Error, key: string): unknown {
  const value: unknown = Reflect.get(error, key);
  return typeof value === "string" || typeof value === "number" ? value : undefined;
}

/** Describes an error as JSON, which keeps lone surrogates: [name, message, stack, code]. */
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
 * writes. Tokens of any length arrive exactly. The end, or an error, is an entry of the queue itself, behind all tokens:
 * the reader gets those first.
 *
 * ```ts
 * const queue = new TokenQueue();
 * worker.postMessage(queue.shared);    // there: for await (const token of new TokenReader(shared)) …
 * await queue.push("Why");             // waits while the queue is full, and keeps the process alive meanwhile
 * await queue.end();
 * ```
 *
 * A reader that leaves early aborts `signal`; later tokens are dropped and counted.
 */
export class TokenQueue {
  /** The shared memory: post it to another thread, and build a {@link TokenReader} from it. */
  readonly shared: SharedTokens;
  readonly #ring: RingProducer;
  readonly #control: Int32Array;
  readonly #cancel = new AbortController();
  readonly #waiting = new Fifo<WaitingEntry>();
  /** Longest text of one entry, in UTF-16 units. */
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

  /** Aborted when the reader leaves early; never after the end is in the queue. */
  get signal(): AbortSignal {
    return this.#cancel.signal;
  }

  /** Number of tokens that were dropped because the reader had left. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * Puts a token into the queue. Resolves once it is written: at once while there is space, or if the reader has
   * left. Rejects with SIDECALL_CLOSED after `end` or `fail`, with SIDECALL_OPTION_INVALID if `token` is no string.
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

  /** Ends the reader's iteration behind all tokens. Resolves once the end is written; idempotent. */
  end(): Promise<void> {
    this.#closing ??= this.#close(END, "");
    return this.#closing;
  }

  /** Like `end`, but the reader's iteration throws `error`: its name, message, stack and code cross. */
  fail(error: unknown): Promise<void> {
    this.#closing ??= this.#close(ERROR, describeError(error));
    return this.#closing;
  }

  async #close(kind: number, text: string): Promise<void> {
    await this.#put(kind, text);
    // Ends the wait of #watchCancellation: a pending waitAsync is never freed.
    Atomics.notify(this.#control, CANCELLED);
  }

  #put(kind: number, text: string): Promise<void> {
    const entry: TokenEntry = { kind, text, from: 0 };
    if (this.#hasLeft()) return this.#drop(entry);
    if (this.#waiting.length === 0 && this.#write(entry)) return RESOLVED;
    return new Promise((written) => {
      this.#waiting.push({ entry, written });
      if (this.#waiting.length === 1) void this.#drain();
    });
  }

  /** Writes the waiting entries as space is freed; each stays in the line until it is written. */
  async #drain(): Promise<void> {
    for (let next = this.#waiting.peek(); next !== undefined; next = this.#waiting.peek()) {
      while (!this.#hasLeft() && !this.#write(next.entry)) {
        await keepAlive(this.#ring.space(TOKEN_HEAD_BYTES + 2 * this.#pieceUnits));
      }
      if (this.#hasLeft()) void this.#drop(next.entry);
      next.written();
      this.#waiting.shift();
    }
  }

  /** Writes as much of an entry as fits, in pieces, and wakes the reader. Returns whether all of it is written. */
  #write(entry: TokenEntry): boolean {
    const before = this.#ring.position;
    let isComplete = false;
    while (!isComplete) {
      const piece = entry.text.slice(entry.from, entry.from + this.#pieceUnits);
      const at = this.#ring.reserve(TOKEN_HEAD_BYTES + maxTextBytes(piece));
      if (at === -1) break;
      entry.from += piece.length;
      isComplete = entry.from === entry.text.length;
      this.#ring.commit(TOKEN_HEAD_BYTES + this.#writePiece(at, entry.kind, piece, isComplete));
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

  #drop({ kind }: TokenEntry): Promise<void> {
    if (kind === TOKEN) this.#dropped += 1;
    return RESOLVED;
  }

  /** Whether the reader has left; aborts the signal if so. */
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
