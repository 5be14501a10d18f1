import { performance } from "node:perf_hooks";
import { SidecallError } from "../../src/common/errors.ts";
import { deliver, isInterested, isThenable } from "../../src/core/deliver.ts";
import { type AnyEventRecord, EVENT_INFO, type EventInfo } from "../../src/core/events.ts";
import type { LaneCounters } from "../../src/shared-memory/counters.ts";
import type { HandlerSlot } from "../load-handlers.ts";
import type { EventOfRun, Outbox } from "./report-batch.ts";
import type { RunDirectory, Trace } from "./runs.ts";
import { Chain, type Delivery, type Outcome } from "./trace-queue.ts";

/** What a frame says of an event besides the record. */
export type Place = Pick<Delivery, "offset" | "position" | "acknowledge">;

export interface DeliveriesOptions {
  readonly slots: readonly HandlerSlot[];
  readonly counters: LaneCounters;
  readonly outbox: Outbox;
  readonly runs: RunDirectory;
  readonly handlerTimeoutMillis: number;
  /** Called once for each event when all handlers have settled it. */
  readonly onSettled: (place: Place, isLate: boolean) => void;
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
export class Deliveries {
  readonly #options: DeliveriesOptions;
  readonly #pending = new Set<Chain>();

  constructor(options: DeliveriesOptions) {
    this.#options = options;
  }

  deliver(record: AnyEventRecord, trace: Trace, place: Place): void {
    const info = EVENT_INFO[record.event];
    // As `dispatch` does for several handlers on one thread.
    if (this.#options.slots.length > 1) Object.freeze(record);
    let delivery: Delivery | undefined;
    let outcome: Outcome | undefined;
    for (const slot of this.#options.slots) {
      if (!isInterested(slot.interest, info)) continue;
      const chain = trace.chains[slot.index];
      const result = chain === undefined ? call(slot, record) : this.#queueing(slot, chain);
      if (result === undefined) continue;
      outcome ??= { failed: [], raised: undefined };
      if ("error" in result) {
        this.#fail(slot, record, place, outcome, result.error);
        continue;
      }
      delivery ??= { record, ...place, remaining: 0, outcome };
      delivery.remaining += 1;
      if (chain !== undefined) chain.waiting.push(delivery);
      else void this.#follow(slot, trace, delivery, result.rest);
    }
    if (delivery === undefined) this.#settle(info, place, outcome, false);
  }

  /** Fails an event for every handler that wants it, without calling any. */
  refuse(event: EventOfRun, place: Place, error: unknown): void {
    const info = EVENT_INFO[event.event];
    const outcome: Outcome = { failed: [], raised: undefined };
    for (const slot of this.#options.slots) {
      if (isInterested(slot.interest, info)) this.#fail(slot, event, place, outcome, error);
    }
    this.#settle(info, place, outcome, false);
  }

  /** Fails what has been with a handler for too long, and all that waits behind it. To be called now and then. */
  failOverdue(): void {
    const overdueSince = performance.now() - this.#options.handlerTimeoutMillis;
    for (const chain of this.#pending) {
      const { current } = chain;
      const slot = this.#options.slots[chain.handler];
      if (current === undefined || slot === undefined || chain.startedAt > overdueSince) continue;
      chain.current = undefined;
      for (const delivery of [current, ...chain.waiting.drain()]) {
        this.#finish(slot, delivery, { error: this.#timeoutError(slot) });
      }
    }
  }

  /** What becomes of an event whose handler is busy: it waits its turn, unless the handler hangs. */
  #queueing(slot: HandlerSlot, chain: Chain): Result {
    return chain.isHung ? { error: this.#timeoutError(slot) } : { rest: QUEUED };
  }

  /** Waits for the handler's promise, then gives it what has collected for it meanwhile. */
  async #follow(slot: HandlerSlot, trace: Trace, first: Delivery, rest: PromiseLike<unknown>): Promise<void> {
    const chain = new Chain(slot.index);
    trace.chains[slot.index] = chain;
    trace.openChains += 1;
    this.#pending.add(chain);
    await this.#await(slot, chain, first, rest);
    for (let next = chain.waiting.shift(); next !== undefined; next = chain.waiting.shift()) {
      const result = call(slot, next.record);
      if (result !== undefined && "rest" in result) await this.#await(slot, chain, next, result.rest);
      else this.#finish(slot, next, result);
    }
    this.#pending.delete(chain);
    trace.chains[slot.index] = undefined;
    trace.openChains -= 1;
    this.#options.runs.forgetIfDone(trace);
  }

  async #await(
    slot: HandlerSlot,
    chain: Chain,
    delivery: Delivery,
    rest: PromiseLike<unknown>,
  ): Promise<void> {
    chain.current = delivery;
    chain.startedAt = performance.now();
    let failure: { error: unknown } | undefined;
    try {
      await rest;
    } catch (error) {
      failure = { error };
    }
    // Given up as overdue: it has been failed already.
    if (chain.isHung) return;
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
    { acknowledge }: Place,
    outcome: Outcome,
    error: unknown,
  ): void {
    outcome.failed.push(slot.index);
    if (slot.raiseError && acknowledge && outcome.raised === undefined) outcome.raised = { error };
    else this.#options.outbox.fail(slot.name, event, error);
  }

  #settle(info: EventInfo, place: Place, outcome: Outcome | undefined, isLate: boolean): void {
    const { slots, counters, outbox, onSettled } = this.#options;
    for (const { interest, index } of slots) {
      if (!isInterested(interest, info)) continue;
      if (outcome?.failed.includes(index) === true) counters.countFailed(index);
      else counters.countHandled(index);
    }
    counters.countSettled();
    if (place.acknowledge) outbox.acknowledge(place.position, outcome?.raised);
    onSettled(place, isLate);
  }

  #timeoutError(slot: HandlerSlot): SidecallError {
    return new SidecallError(
      "SIDECALL_HANDLER_TIMEOUT",
      `Handler ${slot.name} has not settled an event of this trace within ${this.#options.handlerTimeoutMillis} ms. Until it does, the trace's events fail for it.`,
    );
  }
}
