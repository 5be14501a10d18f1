import { Fifo } from "../../src/common/fifo.ts";
import type { AnyEventRecord } from "../../src/core/events.ts";

/** What has come of one event so far. Counted only when all handlers have settled it: until then its thread may die. */
export interface Outcome {
  /** Indexes of the handlers that failed. */
  readonly failed: number[];
  /** What a handler with `raiseError` threw first. */
  raised: { readonly error: unknown } | undefined;
}

/** One event on its way through the handlers of this thread. */
export interface Delivery {
  readonly record: AnyEventRecord;
  /** Where its frame's record is in the ring, and the position behind it. */
  readonly offset: number;
  readonly position: number;
  readonly acknowledge: boolean;
  /** Handlers that have not settled it. */
  remaining: number;
  readonly outcome: Outcome;
}

/**
 * The events of one trace that one handler has yet to settle: the first is with the handler, the others wait. There is
 * a chain only while a promise of the handler is pending, so a handler that returns none costs none.
 */
export class TraceQueue {
  readonly handler: number;
  readonly waiting = new Fifo<Delivery>();
  /** With the handler since; `performance.now()`. */
  startedAt = 0;
  /** With the handler; undefined once it took too long and was given up. */
  current: Delivery | undefined;

  constructor(handler: number) {
    this.handler = handler;
  }

  get isHung(): boolean {
    return this.current === undefined;
  }
}
