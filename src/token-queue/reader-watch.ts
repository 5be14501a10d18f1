import { isMainThread } from "node:worker_threads";
import { ANSWERS, CANCELLED, LIFE, LOCAL, READER, REMOTE } from "./layout.ts";

/** Milliseconds after which a producer that waits probes its reader's thread. */
const PROBE_MILLIS = 1000;

/** `absent`: the reader has not begun to read in time. `ended`: its thread has ended, and it has not left before. */
export type ReaderState = "well" | "absent" | "ended";

const WARNINGS = {
  absent:
    "its tokens were asked for, and their reader has not begun to read while the queue is full. The run goes on, and its tokens collect in memory until the reader begins. Read them while the model answers, or ask for them afterwards; `readerGraceMillis` sets how long the run waits.",
  ended:
    "the thread that read its tokens has ended. The run's signal aborts, and its further tokens are dropped. End the iteration before the thread ends.",
};

/** Emits a process warning. `subject`: what the tokens belong to; undefined: it is over, and waits for no reader. */
export function warnAbout(state: keyof typeof WARNINGS, subject: string | undefined): void {
  if (subject === undefined) return;
  process.emitWarning(`${subject}: ${WARNINGS[state]}`, "SidecallHandlerWarning");
}

/** Watches a queue's reader for the producer, while that waits for room. */
export class ReaderWatch {
  readonly #control: Int32Array;
  readonly #graceMillis: number;
  readonly #probeMillis: number;
  #probes = 0;
  /** Milliseconds that the producer has waited for a reader that has never read. */
  #waitedMillis = 0;

  constructor(control: Int32Array, graceMillis: number) {
    this.#control = control;
    this.#graceMillis = graceMillis;
    this.#probeMillis = Math.min(graceMillis, PROBE_MILLIS);
  }

  /** Whether the reader may still come while this thread has nothing else to do and would end. */
  get isToBeAwaited(): boolean {
    // Other threads keep the main thread alive, not the other way round.
    return !isMainThread && Atomics.load(this.#control, READER) !== LOCAL;
  }

  /** Milliseconds after which to `look`; Infinity: never, for a reader of this thread that has begun. */
  nextLookMillis(hasRead: boolean): number {
    const isLocal = Atomics.load(this.#control, READER) === LOCAL;
    const untilProbe = isLocal ? Number.POSITIVE_INFINITY : this.#probeMillis * 2 ** this.#unanswered;
    const untilAbsent = hasRead ? Number.POSITIVE_INFINITY : this.#graceMillis - this.#waitedMillis;
    return untilAbsent <= 0 ? untilProbe : Math.min(untilProbe, untilAbsent);
  }

  /** Call after another `waitedMillis` without room. */
  look(hasRead: boolean, waitedMillis: number): ReaderState {
    if (Atomics.load(this.#control, READER) === REMOTE && !this.#isAlive()) return "ended";
    if (hasRead) return "well";
    this.#waitedMillis += waitedMillis;
    return this.#waitedMillis < this.#graceMillis ? "well" : "absent";
  }

  get #unanswered(): number {
    return Math.max(0, this.#probes - Atomics.load(this.#control, ANSWERS));
  }

  #isAlive(): boolean {
    this.#probes += 1;
    // In this order: a reader that leaves stores CANCELLED before it ends its waits.
    return Atomics.notify(this.#control, LIFE, 1) > 0 || Atomics.load(this.#control, CANCELLED) === 1;
  }
}
