import { RESOLVED, tolerated } from "../common/thenable.ts";
import { freezeIfShared } from "./deliver.ts";
import type { AnyEventRecord } from "./events.ts";
import type { CallbackHandler } from "./handler.ts";
import { InlineDelivery, runsFirst } from "./inline-delivery.ts";
import { isOffThread } from "./relay.ts";
import { callInTurn, enterHandlers, leaveHandlers } from "./scope.ts";
import { isTaken, Turn } from "./turns.ts";

/** Sorts of handlers, as bits; several handlers have the sum of theirs. */
const OFF_THREAD = 1;
const FIRST = 2;
const OTHER = 4;

function sortOf(handler: CallbackHandler): number {
  if (runsFirst(handler)) return FIRST;
  return isOffThread(handler) ? OFF_THREAD : OTHER;
}

function sortsOf(handlers: readonly CallbackHandler[]): number {
  let sorts = 0;
  for (const handler of handlers) sorts |= sortOf(handler);
  return sorts;
}

/** The handlers by sort. Each flag is read once, since it may change. */
function sorted(handlers: readonly CallbackHandler[]) {
  const offThread: CallbackHandler[] = [];
  const first: CallbackHandler[] = [];
  const others: CallbackHandler[] = [];
  for (const handler of handlers) {
    const sort = sortOf(handler);
    (sort === OFF_THREAD ? offThread : sort === FIRST ? first : others).push(handler);
  }
  return { offThread, first, others };
}

/** Handlers that are being called with an event, one after the other. */
interface Calls {
  readonly runId: string;
  /** Those that are being called with the event of whose handler this one is. */
  readonly outer: Calls | undefined;
  /** Made if one of them sends an event of the run, which the next ones must not get first. */
  turn: Turn | undefined;
}

let calls: Calls | undefined;

function waitForCalls(runId: string): void {
  for (let each = calls; each !== undefined; each = each.outer) {
    if (each.runId === runId && !isTaken(runId)) each.turn = new Turn([runId]);
  }
}

function callEach(
  delivery: InlineDelivery,
  handlers: readonly CallbackHandler[],
  record: AnyEventRecord,
): void {
  const mine: Calls = { runId: delivery.runId, outer: calls, turn: undefined };
  calls = mine;
  delivery.deliverEach(handlers, record);
  calls = mine.outer;
  mine.turn?.end();
}

function callOthers(
  delivery: InlineDelivery,
  others: readonly CallbackHandler[],
  record: AnyEventRecord,
): void {
  const scope = enterHandlers();
  if (others.length > 1) callEach(delivery, others, record);
  else delivery.deliverEach(others, record);
  leaveHandlers(scope);
}

/** Returns the promise of a handler that runs first, if it gives one. */
function callFirst(
  delivery: InlineDelivery,
  handler: CallbackHandler,
  record: AnyEventRecord,
  turn: Turn,
): Promise<void> | undefined {
  let pending: Promise<void> | undefined;
  callInTurn(turn, () => {
    pending = delivery.deliverAndTake(handler, record);
  });
  return pending;
}

/** One event on its way, of one run. */
interface Sent {
  readonly record: AnyEventRecord;
  readonly delivery: InlineDelivery;
}

/** Gives events to handlers on this thread, in turn. Yields each promise that must settle before it goes on. */
function* takeTurn(
  turn: Turn,
  events: readonly Sent[],
  first: readonly CallbackHandler[],
  others: readonly CallbackHandler[],
): Generator<Promise<unknown>, void> {
  const { before, isNested } = turn;
  if (before !== undefined && !isNested) yield before;
  for (const { delivery, record } of events) {
    for (const handler of first) {
      const pending = callFirst(delivery, handler, record, turn);
      // No needless wait: after one, what a plain handler writes to the caller's async context would be lost.
      if (pending !== undefined) yield pending;
    }
  }
  const finish = () => {
    for (const { delivery, record } of events) callOthers(delivery, others, record);
    turn.end();
  };
  if (isNested) void before?.then(finish);
  else finish();
}

/** Gives events to off-thread handlers at once, and to the others in the turn that the events take in their runs. */
function sendInTurn(handlers: readonly CallbackHandler[], records: readonly AnyEventRecord[]): Promise<void> {
  const { offThread, first, others } = sorted(handlers);
  const events = records.map((record) => ({ record, delivery: new InlineDelivery(record) }));
  const deliveries = events.map(({ delivery }) => delivery);
  for (const { record, delivery } of events) {
    freezeIfShared(handlers, record);
    delivery.deliverEach(offThread, record);
  }
  const steps = takeTurn(new Turn(deliveries.map(({ runId }) => runId)), events, first, others);
  const step = steps.next();
  return step.done ? allSettled(deliveries) : tolerated(takeSteps(steps, step.value, deliveries));
}

async function takeSteps(
  steps: Generator<Promise<unknown>, void>,
  first: Promise<unknown>,
  deliveries: readonly InlineDelivery[],
): Promise<void> {
  await first;
  for (const pending of steps) await pending;
  await allSettled(deliveries);
}

/** Resolves when all have settled, and rejects as the first of them that does. */
function allSettled(deliveries: readonly InlineDelivery[]): Promise<void> {
  const pending = deliveries.map(({ settled }) => settled).filter((settled) => settled !== RESOLVED);
  if (pending.length < 2) return pending[0] ?? RESOLVED;
  const all = Promise.allSettled(pending).then((results) => {
    for (const result of results) if (result.status === "rejected") throw result.reason;
  });
  return tolerated(all);
}

/** Whether an event for handlers of these sorts takes turns with the other events of its run. */
function takesTurns(sorts: number, runId: string): boolean {
  if (calls !== undefined) waitForCalls(runId);
  return (sorts & FIRST) !== 0 || (sorts !== OFF_THREAD && isTaken(runId));
}

/** Sends an event to handlers of which none runs first, and which need not wait for their turn. */
function sendNow(
  handlers: readonly CallbackHandler[],
  sorts: number,
  record: AnyEventRecord,
): InlineDelivery {
  freezeIfShared(handlers, record);
  const delivery = new InlineDelivery(record);
  if (sorts === OTHER) callOthers(delivery, handlers, record);
  else if (sorts === OFF_THREAD) delivery.deliverEach(handlers, record);
  else {
    const { offThread, others } = sorted(handlers);
    delivery.deliverEach(offThread, record);
    callOthers(delivery, others, record);
  }
  return delivery;
}

/**
 * Gives one event to all handlers: to those off-thread at the call, before any other handler can change a value or send an
 * event; then to those with `runInline`, in order, each awaited; then to all others together. While a `runInline` handler
 * takes its time, later events of its run wait, though not off-thread; other runs do not. An event that the handler itself
 * sends of the run does not wait for it; its promise does not wait for the handlers without `runInline`, which get it after
 * the events before it.
 *
 * Resolves when all have settled. A failing handler is reported through {@link onHandlerError} and keeps no other handler
 * from the event; with `raiseError` its error rejects the promise in the end. The promise need not be awaited.
 */
export function dispatch(handlers: readonly CallbackHandler[], record: AnyEventRecord): Promise<void> {
  const sorts = sortsOf(handlers);
  return takesTurns(sorts, record.runId)
    ? sendInTurn(handlers, [record])
    : sendNow(handlers, sorts, record).settled;
}

/**
 * Dispatches the same event of several runs, one record each, in parallel. Handlers with `runInline` see all
 * records first, one record after the other. Rejects as the first record's dispatch that does.
 */
export function dispatchAll(
  handlers: readonly CallbackHandler[],
  records: readonly AnyEventRecord[],
): Promise<void> {
  const sorts = sortsOf(handlers);
  if (records.some(({ runId }) => takesTurns(sorts, runId))) return sendInTurn(handlers, records);
  return allSettled(records.map((record) => sendNow(handlers, sorts, record)));
}
