import { RESOLVED, tolerated } from "../common/thenable.ts";
import { freezeIfShared } from "./deliver.ts";
import type { AnyEventRecord } from "./events.ts";
import type { CallbackHandler } from "./handler.ts";
import { InlineDelivery, isSet } from "./inline-delivery.ts";
import { isOffThread } from "./relay.ts";
import { callIn, hidingScope, turnScope } from "./scope.ts";
import { isTaken, Turn } from "./turns.ts";

/** Sorts of handlers, as bits; several handlers have the sum of theirs. */
const OFF_THREAD = 1;
const FIRST = 2;
const OTHER = 4;

function sortOf(handler: CallbackHandler): number {
  if (isSet(handler, "runInline")) return FIRST;
  return isOffThread(handler) ? OFF_THREAD : OTHER;
}

function sortsOf(handlers: readonly CallbackHandler[]): number {
  let sorts = 0;
  for (const handler of handlers) sorts |= sortOf(handler);
  return sorts;
}

/** The handlers by sort, each asked once: what it answers may change. */
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

/** One event on its way, of one run. */
interface Sent {
  readonly record: AnyEventRecord;
  readonly delivery: InlineDelivery;
}

function send(handlers: readonly CallbackHandler[], record: AnyEventRecord): Sent {
  freezeIfShared(handlers, record);
  return { record, delivery: new InlineDelivery(record) };
}

function callOthers({ record, delivery }: Sent, others: readonly CallbackHandler[]): void {
  const scope = hidingScope();
  if (scope === undefined) delivery.deliverEach(others, record);
  else callIn(scope, () => delivery.deliverEach(others, record));
}

/** Returns the promise of a handler that runs first, if it gives one. */
function callFirst(
  { record, delivery }: Sent,
  handler: CallbackHandler,
  turn: Turn,
): Promise<void> | undefined {
  let pending: Promise<void> | undefined;
  callIn(turnScope(turn), () => {
    pending = delivery.deliverAndTake(handler, record);
  });
  return pending;
}

/** Gives events to off-thread handlers at once, and to the others in the turn that the events take in their runs. */
async function sendInTurn(
  handlers: readonly CallbackHandler[],
  records: readonly AnyEventRecord[],
): Promise<void> {
  const { offThread, first, others } = sorted(handlers);
  const events = records.map((record) => send(handlers, record));
  for (const { record, delivery } of events) delivery.deliverEach(offThread, record);
  const turn = new Turn(events.map(({ delivery }) => delivery.runId));
  const { before, isNested } = turn;
  if (before !== undefined && !isNested) await before;
  for (const event of events) {
    for (const handler of first) {
      const pending = callFirst(event, handler, turn);
      // No needless wait: after one, what a plain handler writes to the caller's async context would be lost.
      if (pending !== undefined) await pending;
    }
  }
  const finish = () => {
    for (const event of events) callOthers(event, others);
    turn.end();
  };
  if (isNested) void before?.then(finish);
  else finish();
  await allSettled(events.map(({ delivery }) => delivery));
}

/** Waits for all, then rejects as the first of them that does. */
async function allSettled(deliveries: readonly InlineDelivery[]): Promise<void> {
  const pending = deliveries.map(({ settled }) => settled).filter((settled) => settled !== RESOLVED);
  const results = await Promise.allSettled(pending);
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

/** Whether an event for handlers of these sorts takes turns with the other events of its run. */
function takesTurns(sorts: number, runId: string): boolean {
  return (sorts & FIRST) !== 0 || (sorts !== OFF_THREAD && isTaken(runId));
}

/** Sends an event to handlers of which none runs first, and which need not wait for their turn. */
function sendNow(
  handlers: readonly CallbackHandler[],
  sorts: number,
  record: AnyEventRecord,
): InlineDelivery {
  const event = send(handlers, record);
  const { delivery } = event;
  if (sorts === OTHER) callOthers(event, handlers);
  else if (sorts === OFF_THREAD) delivery.deliverEach(handlers, record);
  else {
    const { offThread, others } = sorted(handlers);
    delivery.deliverEach(offThread, record);
    callOthers(event, others);
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
    ? tolerated(sendInTurn(handlers, [record]))
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
  if (records.some(({ runId }) => takesTurns(sorts, runId))) return tolerated(sendInTurn(handlers, records));
  return tolerated(allSettled(records.map((record) => sendNow(handlers, sorts, record))));
}
