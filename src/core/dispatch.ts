import { deliver, isThenable } from "./deliver.ts";
import type { AnyEventRecord } from "./events.ts";
import { reportFailure } from "./failures.ts";
import { type CallbackHandler, handlerName } from "./handler.ts";

/** What a dispatch without anything to wait for returns: one promise for all. */
export const SETTLED: Promise<void> = Promise.resolve();

/** The first failure of a dispatch that has to reject it. */
interface Outcome {
  raised?: { readonly error: unknown };
}

/** A flag that throws when it is read is not set: no handler's fault may reach the caller by this way. */
function isSet(handler: CallbackHandler, flag: "runInline" | "raiseError"): boolean {
  try {
    return handler[flag] === true;
  } catch {
    return false;
  }
}

type EventOfRun = Pick<AnyEventRecord, "event" | "runId">;

function fail(handler: CallbackHandler, of: EventOfRun, error: unknown, outcome: Outcome): void {
  reportFailure({ handler: handlerName(handler), event: of.event, runId: of.runId, error });
  if (isSet(handler, "raiseError")) outcome.raised ??= { error };
}

/** Starts one delivery. Returns what is left to wait for; a failure is noted in `outcome`, never thrown. */
function start(
  handler: CallbackHandler,
  record: AnyEventRecord,
  outcome: Outcome,
): Promise<void> | undefined {
  // Read before the handler has the record, which it might spoil.
  const { event, runId } = record;
  try {
    const returned = deliver(handler, record);
    if (!isThenable(returned)) return undefined;
    return Promise.resolve(returned).then(
      () => undefined,
      (error: unknown) => fail(handler, { event, runId }, error, outcome),
    );
  } catch (error) {
    fail(handler, { event, runId }, error, outcome);
    return undefined;
  }
}

function settle(outcome: Outcome): Promise<void> {
  return outcome.raised === undefined ? SETTLED : Promise.reject(outcome.raised.error);
}

/** What several handlers get none of them may change. One alone can spoil nothing but its own. */
function shareable(handlers: readonly CallbackHandler[], record: AnyEventRecord): void {
  if (handlers.length > 1) Object.freeze(record);
}

function startAll(
  handlers: readonly CallbackHandler[],
  record: AnyEventRecord,
  outcome: Outcome,
  pending: Promise<void>[],
): void {
  shareable(handlers, record);
  for (const handler of handlers) {
    const rest = start(handler, record, outcome);
    if (rest !== undefined) pending.push(rest);
  }
}

async function inlineFirst(
  handlers: readonly CallbackHandler[],
  records: readonly AnyEventRecord[],
): Promise<void> {
  const outcome: Outcome = {};
  const inline = handlers.filter((handler) => isSet(handler, "runInline"));
  const others = handlers.filter((handler) => !isSet(handler, "runInline"));
  for (const record of records) {
    shareable(handlers, record);
    for (const handler of inline) {
      const rest = start(handler, record, outcome);
      // Without a wait that is not needed, what plain handlers write to the caller's context stays there.
      if (rest !== undefined) await rest;
    }
  }
  const pending: Promise<void>[] = [];
  for (const record of records) startAll(others, record, outcome, pending);
  await Promise.all(pending);
  return settle(outcome);
}

/**
 * Gives one event to all handlers: those with `runInline` first, in order, each awaited; then all others
 * together. Resolves when all have settled. A failing handler is reported through {@link onHandlerError} and
 * keeps no other handler from the event; with `raiseError` its error rejects the promise in the end.
 */
export function dispatch(handlers: readonly CallbackHandler[], record: AnyEventRecord): Promise<void> {
  for (const handler of handlers) if (isSet(handler, "runInline")) return inlineFirst(handlers, [record]);
  const outcome: Outcome = {};
  const pending: Promise<void>[] = [];
  startAll(handlers, record, outcome, pending);
  const [first] = pending;
  if (first === undefined) return settle(outcome);
  const all: Promise<unknown> = pending.length === 1 ? first : Promise.all(pending);
  return all.then(() => settle(outcome));
}

/**
 * Dispatches the same event of several runs, one record each, in parallel. Handlers with `runInline` see all
 * records first, one record after the other.
 */
export function dispatchAll(
  handlers: readonly CallbackHandler[],
  records: readonly AnyEventRecord[],
): Promise<void> {
  if (handlers.some((handler) => isSet(handler, "runInline"))) return inlineFirst(handlers, records);
  const outcome: Outcome = {};
  const pending: Promise<void>[] = [];
  for (const record of records) startAll(handlers, record, outcome, pending);
  return Promise.all(pending).then(() => settle(outcome));
}
