import { attempt } from "../common/attempt.ts";
import { SidecallError } from "../common/errors.ts";
import { Fifo } from "../common/fifo.ts";
import { isObject, type JsonObject } from "../common/json-object.ts";
import { resolve } from "../common/options.ts";
import { RESOLVED } from "../common/thenable.ts";
import { resolvesWithin } from "../common/time-limit.ts";
import { invalidOption } from "../common/validate.ts";
import { reportIfUnawaited } from "../core/unawaited.ts";
import { EntryWriter, type TokenEntry } from "./entry-writer.ts";
import {
  allocateTokens,
  CANCELLED,
  END,
  ERROR,
  MAX_CHOICE,
  QUEUE_OPTIONS,
  type SharedTokens,
  TOKEN,
  type TokenItem,
  type TokenQueueOptions,
  UNKNOWN_RUN,
} from "./layout.ts";
import { endLifeSign } from "./life-sign.ts";
import { type ReaderState, ReaderWatch, warnAbout } from "./reader-watch.ts";
import { describeError } from "./run-error.ts";

/** An entry that waits for space; `written` resolves the promise of its push. */
interface WaitingEntry {
  readonly entry: TokenEntry;
  readonly written: () => void;
}

/** The entry of an item; undefined if it is none. */
function entryOf(item: unknown): TokenEntry | undefined {
  if (typeof item === "string") return { kind: TOKEN, text: item, choice: undefined, from: 0 };
  return isObject(item) ? attempt(() => choiceEntryOf(item)) : undefined;
}

function choiceEntryOf({ text, index }: JsonObject): TokenEntry | undefined {
  const isChoice = typeof index === "number" && Number.isInteger(index) && index >= 0 && index <= MAX_CHOICE;
  return isChoice && typeof text === "string" ? { kind: TOKEN, text, choice: index, from: 0 } : undefined;
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
 * - A reader that leaves early aborts `signal`; later tokens are dropped and counted. So does a reader's thread that ends
 *   (a producer that waits for it finds out within a second or so), with a process warning.
 * - A full queue waits `readerGraceMillis` for a reader that has never read. Then pushes wait no longer: their tokens
 *   collect in memory until the reader begins, and a process warning says so.
 * - `TokenQueue<ChoiceToken>` carries the tokens of several choices: `push({ text, index })`.
 */
export class TokenQueue<Item extends TokenItem = string> {
  /** The shared memory: post it to another thread, and build a {@link TokenReader} from it. */
  readonly shared: SharedTokens<Item>;
  readonly #writer: EntryWriter;
  readonly #control: Int32Array;
  readonly #watch: ReaderWatch;
  readonly #subject: () => string | undefined;
  readonly #cancel = new AbortController();
  readonly #waiting = new Fifo<WaitingEntry>();
  /** Whether pushes wait for the reader. */
  #isReaderAwaited = true;
  #dropped = 0;
  #closing: Promise<void> | undefined;

  /** `subject` names what the tokens belong to, in warnings; undefined: it is over. Throws SIDECALL_OPTION_INVALID. */
  constructor(options: TokenQueueOptions = {}, subject: () => string | undefined = () => "a token queue") {
    const { queueBytes, readerGraceMillis } = resolve("options", QUEUE_OPTIONS, options);
    this.shared = allocateTokens(queueBytes);
    this.#writer = new EntryWriter(this.shared.ring);
    this.#control = new Int32Array(this.shared.control);
    this.#watch = new ReaderWatch(this.#control, readerGraceMillis);
    this.#subject = subject;
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
   * Puts a token into the queue. Resolves once it is written: at once while there is space, or if no reader is waited for.
   * Rejects with SIDECALL_CLOSED after `end` or `fail`, with SIDECALL_OPTION_INVALID if `item` is no token.
   */
  push(item: Item): Promise<void> {
    const entry = entryOf(item);
    if (this.#closing === undefined && entry !== undefined) return this.#put(entry);
    const message = "Expected no token after end() or fail(); a queue carries one run";
    const error =
      entry === undefined
        ? invalidOption("token", "a string, or { text, index } of a choice", item)
        : new SidecallError("SIDECALL_CLOSED", message);
    const report = { handler: "TokenQueue", event: "on_llm_new_token", runId: UNKNOWN_RUN } as const;
    return reportIfUnawaited(Promise.reject(error), () => report);
  }

  /** Ends the reader's iteration behind all tokens. Resolves when a token in its place would be taken; idempotent. */
  end(): Promise<void> {
    this.#closing ??= this.#put({ kind: END, text: "", choice: undefined, from: 0 });
    return this.#closing;
  }

  /** Like `end`, but the reader's iteration throws `error`: its name, message, stack and code cross. */
  fail(error: unknown): Promise<void> {
    this.#closing ??= this.#put({ kind: ERROR, text: describeError(error), choice: undefined, from: 0 });
    return this.#closing;
  }

  #put(entry: TokenEntry): Promise<void> {
    if (this.#hasLeft()) return this.#drop(entry);
    if (this.#waiting.length === 0 && this.#write(entry)) return RESOLVED;
    return new Promise((written) => {
      this.#waiting.push({ entry, written });
      if (!this.#isReaderAwaited) written();
      if (this.#waiting.length === 1) void this.#drain();
    });
  }

  /** Writes the waiting entries as space is freed; each stays in the line until it is written. */
  async #drain(): Promise<void> {
    for (let next = this.#waiting.peek(); next !== undefined; next = this.#waiting.peek()) {
      while (!this.#hasLeft() && !this.#write(next.entry)) await this.#room();
      if (this.#hasLeft()) void this.#drop(next.entry);
      next.written();
      this.#waiting.shift();
    }
  }

  #write(entry: TokenEntry): boolean {
    const isWritten = this.#writer.write(entry);
    if (isWritten && entry.kind !== TOKEN) this.#endWaits();
    return isWritten;
  }

  /** Ends all waits for words of the memory, on both sides, once the end is written: a pending one is never freed. */
  #endWaits(): void {
    Atomics.notify(this.#control, CANCELLED);
    endLifeSign(this.#control);
  }

  /** Waits until the reader has made room, or has left. */
  async #room(): Promise<void> {
    const room = this.#writer.room();
    // Behind the store to PRODUCER: a reader that leaves from now on sees it and notifies.
    if (this.#hasLeft()) this.#writer.interrupt();
    while (this.#isReaderAwaited || this.#watch.isToBeAwaited) {
      const millis = this.#watch.nextLookMillis(this.#writer.hasReader);
      // A reader of this thread that is not at work now never will be if the thread has nothing else to do.
      if (millis === Number.POSITIVE_INFINITY || (await resolvesWithin(room, millis))) break;
      this.#judge(this.#watch.look(this.#writer.hasReader, millis));
    }
    await room;
    this.#isReaderAwaited = true;
  }

  #judge(state: ReaderState): void {
    if (state === "ended") {
      warnAbout(state, this.#subject());
      Atomics.store(this.#control, CANCELLED, 1);
      Atomics.notify(this.#control, CANCELLED);
      this.#writer.interrupt();
    } else if (state === "absent" && this.#isReaderAwaited) {
      warnAbout(state, this.#subject());
      this.#isReaderAwaited = false;
      for (const { written } of this.#waiting) written();
    }
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
