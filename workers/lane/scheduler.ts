import { performance } from "node:perf_hooks";
import { SidecallError } from "../../src/common/errors.ts";
import { deliver, isInterested, isThenable } from "../../src/core/deliver.ts";
import { type AnyEventRecord, EVENT_INFO, type EventInfo } from "../../src/core/events.ts";
import type { LaneCounters } from "../../src/shared-memory/counters.ts";
import type { HandlerSlot } from "../load-handlers.ts";
import type { EventOfRun, ReportBatch } from "./report-batch.ts";
import type { RunDirectory, Trace } from "./runs.ts";
import { type Delivery, type Outcome, TraceQueue } from "./trace-queue.ts";

/** What a frame says of an event besides the record. */
export type FrameRef = Pick<Delivery, "offset" | "position" | "acknowledge">;

export interface SchedulerOptions {
  readonly slots: readonly HandlerSlot[];
  readonly counters: LaneCounters;
  readonly reports: ReportBatch;
  readonly runs: RunDirectory;
  readonly handlerTimeoutMillis: number;
  /** Called once for each event when all handlers have settled it. */
  readonly onSettled: (ref: FrameRef, isLate: boolean) => void;
}

/** What is left of a handler's turn: a promise to wait for, or what was thrown; undefined when it is settled. */
type Result = { readonly rest: PromiseLike<unknown> } | { readonly error: unknown };

const QUEUED: PromiseLike<unknown> = Promise.resolve();

function call(slot: HandlerSlot, record: AnyEventRecord): Result | undefined {
  try {
    const returned = deliver(slot.handler, record);
    return isThenable(returned) ? { rest: returned } : undefined;
  } catch (error) {
    return { error };
  }
}

/**
 * Gives events to the handlers of this thread. Each handler takes the events of a trace one after the other; traces,
 * and handlers, do not wait for one another.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #pending = new Set<TraceQueue>();

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  deliver(record: AnyEventRecord, trace: Trace, ref: FrameRef): void {
    const info = EVENT_INFO[record.event];
    // As `dispatch` does for several handlers on one thread.
    if (this.#options.slots.length > 1) Object.freeze(record);
    let delivery: Delivery | undefined;
    let outcome: Outcome | undefined;
    for (const slot of this.#options.slots) {
      if (!isInterested(slot.interest, info)) continue;
      const queue = trace.queues[slot.index];
      const result = queue === undefined ? call(slot, record) : this.#queueing(slot, queue);
      if (result === undefined) continue;
      outcome ??= { failed: [], raised: undefined };
      if ("error" in result) {
        this.#fail(slot, record, ref, outcome, result.error);
        continue;
      }
      delivery ??= { record, ...ref, remaining: 0, outcome };
      delivery.remaining += 1;
      if (queue !== undefined) queue.waiting.push(delivery);
      else void this.#follow(slot, trace, delivery, result.rest);
    }
    if (delivery === undefined) this.#settle(info, ref, outcome, false);
  }

  /** Fails an event for every handler that wants it, without calling any. */
  refuse(event: EventOfRun, ref: FrameRef, error: unknown): void {
    const info = EVENT_INFO[event.event];
    const outcome: Outcome = { failed: [], raised: undefined };
    for (const slot of this.#options.slots) {
      if (isInterested(slot.interest, info)) this.#fail(slot, event, ref, outcome, error);
    }
    this.#settle(info, ref, outcome, false);
  }

  /** Fails what has been with a handler for too long, and all that waits behind it. To be called now and then. */
  failOverdue(): void {
    const overdueSince = performance.now() - this.#options.handlerTimeoutMillis;
    for (const queue of this.#pending) {
      const { current } = queue;
      const slot = this.#options.slots[queue.handler];
      if (current === undefined || slot === undefined || queue.startedAt > overdueSince) continue;
      queue.current = undefined;
      for (const delivery of [current, ...queue.waiting.drain()]) {
        this.#finish(slot, delivery, { error: this.#timeoutError(slot) });
      }
    }
  }

  /** What becomes of an event whose handler is busy: it waits its turn, unless the handler hangs. */
  #queueing(slot: HandlerSlot, queue: TraceQueue): Result {
    return queue.isHung ? { error: this.#timeoutError(slot) } : { rest: QUEUED };
  }

  /** Waits for the handler's promise, then gives it what has collected for it meanwhile. */
  async #follow(slot: HandlerSlot, trace: Trace, first: Delivery, rest: PromiseLike<unknown>): Promise<void> {
    const queue = new TraceQueue(slot.index);
    trace.queues[slot.index] = queue;
    trace.busyQueues += 1;
    this.#pending.add(queue);
    await this.#await(slot, queue, first, rest);
    for (let next = queue.waiting.shift(); next !== undefined; next = queue.waiting.shift()) {
      const result = call(slot, next.record);
      if (result !== undefined && "rest" in result) await this.#await(slot, queue, next, result.rest);
      else this.#finish(slot, next, result);
    }
    this.#pending.delete(queue);
    trace.queues[slot.index] = undefined;
    trace.busyQueues -= 1;
    this.#options.runs.forgetIfDone(trace);
  }

  async #await(
    slot: HandlerSlot,
    queue: TraceQueue,
    delivery: Delivery,
    rest: PromiseLike<unknown>,
  ): Promise<void> {
    queue.current = delivery;
    queue.startedAt = performance.now();
    let failure: { error: unknown } | undefined;
    try {
      await rest;
    } catch (error) {
      failure = { error };
    }
    // Given up as overdue: it has been failed already.
    if (queue.isHung) return;
    this.#finish(slot, delivery, failure);
  }

  #finish(slot: HandlerSlot, delivery: Delivery, failure: { error: unknown } | undefined): void {
    const { record, outcome } = delivery;
    if (failure !== undefined) this.#fail(slot, record, delivery, outcome, failure.error);
    delivery.remaining -= 1;
    if (delivery.remaining === 0) this.#settle(EVENT_INFO[record.event], delivery, outcome, true);
  }

  /** Reports a failure, unless it is the one that rejects the caller's promise: that travels with the acknowledgement. */
  #fail(
    slot: HandlerSlot,
    event: EventOfRun,
    { acknowledge }: FrameRef,
    outcome: Outcome,
    error: unknown,
  ): void {
    outcome.failed.push(slot.index);
    if (slot.raiseError && acknowledge && outcome.raised === undefined) outcome.raised = { error };
    else this.#options.reports.fail(slot.name, event, error);
  }

  #settle(info: EventInfo, ref: FrameRef, outcome: Outcome | undefined, isLate: boolean): void {
    const { slots, counters, reports, onSettled } = this.#options;
    for (const { interest, index } of slots) {
      if (!isInterested(interest, info)) continue;
      if (outcome?.failed.includes(index) === true) counters.countFailed(index);
      else counters.countHandled(index);
    }
    counters.countSettled();
    if (ref.acknowledge) reports.acknowledge(ref.position, outcome?.raised);
    onSettled(ref, isLate);
  }

  #timeoutError(slot: HandlerSlot): SidecallError {
    return new SidecallError(
      "SIDECALL_HANDLER_TIMEOUT",
      `Handler ${slot.name} has not settled an event of this trace within ${this.#options.handlerTimeoutMillis} ms. Until it does, the trace's events fail for it.`,
    );
  }
}
