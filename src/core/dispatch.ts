import { RESOLVED } from "../common/thenable.ts";
import { Delivery, deliver, freezeIfShared } from "./deliver.ts";
import type { AnyEventRecord } from "./events.ts";
import { noteRaised, reportFailure } from "./failures.ts";
import { type CallbackHandler, handlerName } from "./handler.ts";

/** A flag that throws when it is read counts as not set: no handler's fault may reach the caller by this way. */
function isSet(handler: CallbackHandler, flag: "runInline" | "raiseError"): boolean {
  try {
    return handler[flag] === true;
  } catch {
    return false;
  }
}

/** One event on its way to a manager's handlers, on the caller's thread. */
class InlineDelivery extends Delivery<CallbackHandler> {
  /** One promise for each handler that has not settled the event; each resolves, whatever the handler does. */
  readonly #pending: Promise<void>[] = [];

  /** Resolves when all handlers have settled the event, and rejects if one of them raises. */
  get settled(): Promise<void> {
    if (this.#pending.length === 0) return this.#outcome();
    // A handler's promise may have a `then` that gives none: an entry can be undefined.
    const all: Promise<unknown> =
      this.#pending.length === 1 ? Promise.resolve(this.#pending[0]) : Promise.all(this.#pending);
    return all.then(() => this.#outcome());
  }

  /** Takes the promise that `deliverTo` has left, for a caller who awaits one handler after the other. */
  takePending(): Promise<void> | undefined {
    return this.#pending.pop();
  }

  protected override call(handler: CallbackHandler, record: AnyEventRecord): unknown {
    return deliver(handler, record);
  }

  protected override follow(handler: CallbackHandler, promise: PromiseLike<unknown>): void {
    const settled = Promise.resolve(promise).then(
      () => undefined,
      (error: unknown) => this.fail(handler, error),
    );
    this.#pending.push(settled);
  }

  protected override raises(handler: CallbackHandler): boolean {
    return isSet(handler, "raiseError");
  }

  protected override report(handler: CallbackHandler, error: unknown): void {
    reportFailure({ handler: handlerName(handler), event: this.event, runId: this.runId, error });
  }

  #outcome(): Promise<void> {
    if (this.raised === undefined) return RESOLVED;
    noteRaised(this.raised.error);
    return Promise.reject(this.raised.error);
  }
}

async function inlineFirst(
  handlers: readonly CallbackHandler[],
  records: readonly AnyEventRecord[],
): Promise<void> {
  const inline = handlers.filter((handler) => isSet(handler, "runInline"));
  const others = handlers.filter((handler) => !isSet(handler, "runInline"));
  const deliveries = records.map((record) => ({ record, delivery: new InlineDelivery(record) }));
  for (const { record, delivery } of deliveries) {
    freezeIfShared(handlers, record);
    for (const handler of inline) {
      delivery.deliverTo(handler, record);
      const pending = delivery.takePending();
      // No needless wait: after one, what a plain handler writes to the caller's async context would be lost.
      if (pending !== undefined) await pending;
    }
  }
  for (const { record, delivery } of deliveries) delivery.deliverAll(others, record);
  await allSettled(deliveries.map(({ delivery }) => delivery));
}

/** Waits for all, then rejects as the first of them that does. */
async function allSettled(deliveries: readonly InlineDelivery[]): Promise<void> {
  const pending = deliveries.map(({ settled }) => settled).filter((settled) => settled !== RESOLVED);
  const results = await Promise.allSettled(pending);
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

/**
 * Gives one event to all handlers: those with `runInline` first, in order, each awaited; then all others
 * together. Resolves when all have settled. A failing handler is reported through {@link onHandlerError} and
 * keeps no other handler from the event; with `raiseError` its error rejects the promise in the end.
 */
export function dispatch(handlers: readonly CallbackHandler[], record: AnyEventRecord): Promise<void> {
  for (const handler of handlers) if (isSet(handler, "runInline")) return inlineFirst(handlers, [record]);
  const delivery = new InlineDelivery(record);
  delivery.deliverAll(handlers, record);
  return delivery.settled;
}

/**
 * Dispatches the same event of several runs, one record each, in parallel. Handlers with `runInline` see all
 * records first, one record after the other. Rejects as the first record's dispatch that does.
 */
export function dispatchAll(
  handlers: readonly CallbackHandler[],
  records: readonly AnyEventRecord[],
): Promise<void> {
  if (handlers.some((handler) => isSet(handler, "runInline"))) return inlineFirst(handlers, records);
  const deliveries = records.map((record) => new InlineDelivery(record));
  for (const [i, record] of records.entries()) deliveries[i]?.deliverAll(handlers, record);
  return allSettled(deliveries);
}
