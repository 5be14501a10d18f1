import { SidecallError } from "../common/errors.ts";
import type { ResolvedOptions } from "./options.ts";

/** What waits for room on its way to the threads. */
export interface Backlog {
  readonly bytes: number;
  readonly length: number;
  /** Drops what is neither a start nor an end, newest first, until at least `bytes` are gone or none is left. */
  evict(bytes: number): void;
}

/**
 * Decides what happens to an event when too much waits already, counts what is given up, and reports it once for each time
 * that it was too much.
 */
export class Overflow {
  readonly #policy: ResolvedOptions["overflow"];
  readonly #maxBytes: number;
  #dropped = 0;
  #unreported = 0;
  #hasWarned = false;

  constructor(options: Pick<ResolvedOptions, "overflow" | "maxBufferedBytes">) {
    this.#policy = options.overflow;
    this.#maxBytes = options.maxBufferedBytes;
  }

  /** Events given up so far. */
  get dropped(): number {
    return this.#dropped;
  }

  /** True: the event may wait too. Else it is given up, and rejects with the error if there is one. */
  admit(backlog: Backlog, bytes: number, droppable: boolean): true | { readonly error: Error | undefined } {
    if (this.#fits(backlog, bytes)) return true;
    if (this.#policy === "wait") {
      this.#warnBeyondBound();
      return true;
    }
    if (this.#policy === "drop" && !droppable) {
      // An eighth more than is needed, so that a full backlog is not walked for every event.
      backlog.evict(backlog.bytes + bytes - this.#maxBytes + backlog.bytes / 8);
      if (this.#fits(backlog, bytes)) return true;
    }
    this.countDropped(1);
    return { error: this.#policy === "throw" ? this.#error() : undefined };
  }

  countDropped(events: number): void {
    this.#dropped += events;
    this.#unreported += events;
  }

  /** To be called when nothing waits any more. */
  reportDropped(): void {
    if (this.#unreported === 0) return;
    process.emitWarning(`${this.#unreported} events for off-thread handlers were dropped.`, {
      type: "SidecallWarning",
      code: "SIDECALL_OVERFLOW",
    });
    this.#unreported = 0;
  }

  /** One event always fits, however large: else it could never be sent. */
  #fits(backlog: Backlog, bytes: number): boolean {
    return backlog.length === 0 || backlog.bytes + bytes <= this.#maxBytes;
  }

  #error(): SidecallError {
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
}
