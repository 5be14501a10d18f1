import { performance } from "node:perf_hooks";
import { SidecallError } from "../../src/common/errors.ts";
import { isThenable } from "../../src/common/thenable.ts";
import { deliver, type EventOfRun, isInterested } from "../../src/core/deliver.ts";
import type { AnyEventRecord } from "../../src/core/events.ts";
import type { LaneCounters } from "../../src/shared-memory/counters.ts";
import type { HandlerSlot } from "../load-handlers.ts";
import type { ReportBatch } from "./report-batch.ts";
import type { RunDirectory } from "./runs.ts";
import { type FrameRef, type HandlerQueues, LaneDelivery, type Trace, TraceQueue } from "./trace-queue.ts";

export interface SchedulerOptions {
  readonly slots: readonly HandlerSlot[];
  readonly counters: LaneCounters;
  readonly reports: ReportBatch;
  readonly runs: RunDirectory;
  readonly handlerTimeoutMillis: number;
  /** Called once for each event, when all handlers have settled it; `isLate`: after `deliver` had returned. */
  readonly onDone: (ref: FrameRef, isLate: boolean) => void;
}

/**
 * Gives events to the handlers of this thread. Each handler takes the events of a trace one after the other; traces,
 * and handlers, do not wait for one another.
 */
export class Scheduler implements HandlerQueues {
  readonly #options: SchedulerOptions;
  /** Queues whose handler has a promise pending. */
  readonly #pending = new Set<TraceQueue>();

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  deliver(record: AnyEventRecord, trace: Trace, ref: FrameRef): void {
    const delivery = new LaneDelivery(this, record, trace, ref);
    delivery.deliverAll(this.#options.slots, record);
    delivery.remaining -= 1;
    if (delivery.remaining === 0) this.#done(delivery, false);
  }

  /** Fails an event for every handler that wants it, without calling any. */
  refuse(event: EventOfRun, trace: Trace, ref: FrameRef, error: unknown): void {
    const delivery = new LaneDelivery(this, event, trace, ref);
    for (const slot of this.#options.slots) {
      if (isInterested(slot.interest, delivery.info)) delivery.fail(slot, error);
    }
    this.#done(delivery, false);
  }

  /** Fails events that have been with a handler for too long, and all that wait behind them. To be called regularly. */
  failOverdue(): void {
    const overdueSince = performance.now() - this.#options.handlerTimeoutMillis;
    for (const queue of this.#pending) {
      const { current } = queue;
      const slot = this.#options.slots[queue.handler];
      if (current === undefined || slot === undefined || queue.startedAt > overdueSince) continue;
      queue.current = undefined;
      const waiting = queue.waiting.drain().map(({ delivery }) => delivery);
      for (const delivery of [current, ...waiting]) {
        this.#settle(slot, delivery, { error: this.#timeoutError(slot) });
      }
    }
  }

  tryQueue(slot: HandlerSlot, delivery: LaneDelivery, record: AnyEventRecord): boolean {
    const queue = delivery.trace.queues[slot.index];
    if (queue === undefined) return false;
    if (queue.isHung) throw this.#timeoutError(slot);
    queue.waiting.push({ delivery, record });
    delivery.remaining += 1;
    return true;
  }

  follow(slot: HandlerSlot, delivery: LaneDelivery, promise: PromiseLike<unknown>): void {
    delivery.remaining += 1;
    void this.#drain(slot, delivery, promise);
  }

  report(slot: HandlerSlot, event: EventOfRun, error: unknown): void {
    this.#options.reports.fail(slot.name, event, error);
  }

  /** Waits for the handler's promise, then gives it the events that were queued meanwhile. */
  async #drain(slot: HandlerSlot, first: LaneDelivery, promise: PromiseLike<unknown>): Promise<void> {
    const { trace } = first;
    const queue = new TraceQueue(slot.index);
    trace.queues[slot.index] = queue;
    trace.busyQueues += 1;
    this.#pending.add(queue);
    await this.#await(slot, queue, first, promise);
    for (let next = queue.waiting.shift(); next !== undefined; next = queue.waiting.shift()) {
      const { delivery, record } = next;
      try {
        const returned = deliver(slot.handler, record);
        if (isThenable(returned)) await this.#await(slot, queue, delivery, returned);
        else this.#settle(slot, delivery, undefined);
      } catch (error) {
        this.#settle(slot, delivery, { error });
      }
    }
    this.#pending.delete(queue);
    trace.queues[slot.index] = undefined;
    trace.busyQueues -= 1;
    this.#options.runs.forgetIfDone(trace);
  }

  /** Never rejects. */
  async #await(
    slot: HandlerSlot,
    queue: TraceQueue,
    delivery: LaneDelivery,
    promise: PromiseLike<unknown>,
  ): Promise<void> {
    queue.current = delivery;
    queue.startedAt = performance.now();
    let failure: { error: unknown } | undefined;
    try {
      await promise;
    } catch (error) {
      failure = { error };
    }
    // A hung queue's event was failed as overdue.
    if (!queue.isHung) this.#settle(slot, delivery, failure);
  }

  /** A handler has settled an event that it was not done with at once. */
  #settle(slot: HandlerSlot, delivery: LaneDelivery, failure: { error: unknown } | undefined): void {
    if (failure !== undefined) delivery.fail(slot, failure.error);
    delivery.remaining -= 1;
    if (delivery.remaining === 0) this.#done(delivery, true);
  }

  /** All handlers have settled the event: counts it, acknowledges it, and lets go of its entry. */
  #done({ info, ref, failed, raised }: LaneDelivery, isLate: boolean): void {
    const { slots, counters, reports, onDone } = this.#options;
    for (const { interest, index } of slots) {
      if (!isInterested(interest, info)) continue;
      if (failed?.includes(index) === true) counters.countFailed(index);
      else counters.countHandled(index);
    }
    counters.countDone();
    if (ref.acknowledge) reports.acknowledge(ref.position, raised);
    onDone(ref, isLate);
  }

  #timeoutError(slot: HandlerSlot): SidecallError {
    return new SidecallError(
      "SIDECALL_HANDLER_TIMEOUT",
      `Handler ${slot.name} has not settled an event of this trace within ${this.#options.handlerTimeoutMillis} ms. Until it does, the trace's events fail for it.`,
    );
  }
}
