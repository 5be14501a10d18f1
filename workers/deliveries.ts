import { performance } from "node:perf_hooks";
import { deliver, isInterested } from "../src/delivery.ts";
import { SidecallError } from "../src/errors.ts";
import { type AnyEventRecord, EVENT_INFO } from "../src/events.ts";
import type { LaneCounters } from "../src/shared-memory/counters.ts";
import { Chain, type Delivery } from "./chain.ts";
import type { HandlerSlot } from "./load-handlers.ts";
import type { EventOfRun, Outbox } from "./outbox.ts";
import type { RunDirectory, Trace } from "./runs.ts";

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

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
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
    let delivery: Delivery | undefined;
    let raised: Delivery["raised"];
    for (const slot of this.#options.slots) {
      if (!isInterested(slot.interest, info)) continue;
      const chain = trace.chains[slot.index];
      if (chain?.isHung === true) {
        raised = this.#fail(slot, record, place, this.#timeoutError(slot)) ?? raised;
        continue;
      }
      const outcome = chain === undefined ? this.#call(slot, record) : undefined;
      if (chain === undefined && outcome === undefined) continue;
      if (outcome !== undefined && "error" in outcome) {
        raised = this.#fail(slot, record, place, outcome.error) ?? raised;
        continue;
      }
      delivery ??= { record, ...place, remaining: 0, raised: undefined };
      delivery.remaining += 1;
      if (chain !== undefined) chain.waiting.push(delivery);
      else if (outcome !== undefined) void this.#follow(slot, trace, delivery, outcome.rest);
    }
    if (delivery !== undefined) delivery.raised = raised;
    else this.#settle(place, raised, false);
  }

  /** Fails an event for every handler that wants it, without calling any. */
  refuse(record: EventOfRun, place: Place, error: unknown): void {
    const info = EVENT_INFO[record.event];
    let raised: Delivery["raised"];
    for (const slot of this.#options.slots) {
      if (isInterested(slot.interest, info)) raised = this.#fail(slot, record, place, error) ?? raised;
    }
    this.#settle(place, raised, false);
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

  /** Undefined: settled. Else what is left to wait for, or what was thrown. */
  #call(
    slot: HandlerSlot,
    record: AnyEventRecord,
  ): { rest: PromiseLike<unknown> } | { error: unknown } | undefined {
    try {
      const returned = deliver(slot.handler, record);
      if (isThenable(returned)) return { rest: returned };
      this.#options.counters.countHandled(slot.index);
      return undefined;
    } catch (error) {
      return { error };
    }
  }

  /** Waits for the handler's promise, then gives it what has collected for it meanwhile. */
  async #follow(slot: HandlerSlot, trace: Trace, first: Delivery, rest: PromiseLike<unknown>): Promise<void> {
    const chain = new Chain(slot.index);
    trace.chains[slot.index] = chain;
    trace.openChains += 1;
    this.#pending.add(chain);
    await this.#await(slot, chain, first, rest);
    for (let next = chain.waiting.shift(); next !== undefined; next = chain.waiting.shift()) {
      const outcome = this.#call(slot, next.record);
      if (outcome !== undefined && "rest" in outcome) await this.#await(slot, chain, next, outcome.rest);
      else this.#finish(slot, next, outcome);
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
    if (failure === undefined) this.#options.counters.countHandled(slot.index);
    this.#finish(slot, delivery, failure);
  }

  #finish(slot: HandlerSlot, delivery: Delivery, failure: { error: unknown } | undefined): void {
    if (failure !== undefined) {
      delivery.raised ??= this.#fail(slot, delivery.record, delivery, failure.error);
    }
    delivery.remaining -= 1;
    if (delivery.remaining === 0) this.#settle(delivery, delivery.raised, true);
  }

  /** Counts and reports a failure. A failure that rejects the caller's promise travels with the acknowledgement. */
  #fail(slot: HandlerSlot, record: EventOfRun, { acknowledge }: Place, error: unknown): Delivery["raised"] {
    this.#options.counters.countFailed(slot.index);
    if (slot.raiseError && acknowledge) return { error };
    this.#options.outbox.fail(slot.name, record, error);
    return undefined;
  }

  #settle(place: Place, raised: Delivery["raised"], isLate: boolean): void {
    this.#options.counters.countSettled();
    if (place.acknowledge) this.#options.outbox.acknowledge(place.position, raised);
    this.#options.onSettled(place, isLate);
  }

  #timeoutError(slot: HandlerSlot): SidecallError {
    return new SidecallError(
      "SIDECALL_HANDLER_TIMEOUT",
      `Handler ${slot.name} has not settled an event of this trace within ${this.#options.handlerTimeoutMillis} ms. Until it does, the trace's events fail for it.`,
    );
  }
}
