import { Fifo } from "../../src/common/fifo.ts";
import { Delivery, deliver, type EventOfRun, isInterested } from "../../src/core/deliver.ts";
import { type AnyEventRecord, EVENT_INFO, type EventInfo } from "../../src/core/events.ts";
import type { HandlerSlot } from "../load-handlers.ts";

/** The parts of an event's frame that are not in the record. */
export interface FrameRef {
  /** Where the frame's entry is in the ring. */
  readonly offset: number;
  /** Behind the entry. */
  readonly position: number;
  /** Whether the main thread waits until the event is handled. */
  readonly acknowledge: boolean;
}

/** State that the runs of one trace share: the events that its handlers still have to take, handler by handler. */
export interface Trace {
  readonly id: string;
  /** By the handler's index; undefined while the handler is free for the trace's next event. */
  readonly queues: (TraceQueue | undefined)[];
  openRuns: number;
  busyQueues: number;
}

/** The scheduler, as a delivery needs it: for handlers that are busy, return a promise, or fail. */
export interface HandlerQueues {
  /** Queues the event if the handler is busy with its trace. Throws if the handler hangs. */
  tryQueue(slot: HandlerSlot, delivery: LaneDelivery, record: AnyEventRecord): boolean;
  follow(slot: HandlerSlot, delivery: LaneDelivery, promise: PromiseLike<unknown>): void;
  report(slot: HandlerSlot, event: EventOfRun, error: unknown): void;
}

/** One event on its way through the handlers of a lane. It counts as handled only when all of them have settled it. */
export class LaneDelivery extends Delivery<HandlerSlot> {
  readonly info: EventInfo;
  readonly trace: Trace;
  readonly ref: FrameRef;
  /** Handlers that have not settled it; and one more while it is given out, lest it be done before all have got it. */
  remaining = 1;
  /** Indexes of the handlers that failed. */
  failed: number[] | undefined = undefined;
  readonly #queues: HandlerQueues;

  constructor(queues: HandlerQueues, event: EventOfRun, trace: Trace, ref: FrameRef) {
    super(event);
    this.info = EVENT_INFO[event.event];
    this.trace = trace;
    this.ref = ref;
    this.#queues = queues;
  }

  protected override call(slot: HandlerSlot, record: AnyEventRecord): unknown {
    if (!isInterested(slot.interest, this.info)) return undefined;
    if (this.#queues.tryQueue(slot, this, record)) return undefined;
    return deliver(slot.handler, record);
  }

  protected override follow(slot: HandlerSlot, promise: PromiseLike<unknown>): void {
    this.#queues.follow(slot, this, promise);
  }

  protected override raises(slot: HandlerSlot): boolean {
    return slot.raiseError;
  }

  protected override report(slot: HandlerSlot, error: unknown): void {
    this.failed ??= [];
    this.failed.push(slot.index);
    this.#queues.report(slot, this, error);
  }
}

/** An event that waits for its turn with one handler. */
interface WaitingEvent {
  readonly delivery: LaneDelivery;
  readonly record: AnyEventRecord;
}

/**
 * The events of one trace that one handler has yet to settle: the first is with the handler, the others wait. A queue
 * exists only while a promise of the handler is pending, so a handler that returns none costs none.
 */
export class TraceQueue {
  /** Index of the handler. */
  readonly handler: number;
  readonly waiting = new Fifo<WaitingEvent>();
  /** `performance.now()` when the handler got the current event. */
  startedAt = 0;
  /** The event that is with the handler; undefined once it took too long and was failed. */
  current: LaneDelivery | undefined;

  constructor(handler: number) {
    this.handler = handler;
  }

  get isHung(): boolean {
    return this.current === undefined;
  }
}
