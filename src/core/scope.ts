import { AsyncLocalStorage } from "node:async_hooks";
import { shared } from "../common/copies.ts";

/*
 * Code runs in a scope: in a context of the application, or in a handler. A handler's scope hides the application's context,
 * so that what a handler calls is not traced as the application's own: a judge's model call does not call the judge.
 */

/** An event on its way through its `runInline` handlers; see `Turn`. */
export interface PendingTurn {
  readonly runIds: readonly string[];
  readonly isOver: boolean;
  /** The turn whose handler has sent the event. */
  readonly outer: PendingTurn | undefined;
}

interface Scope {
  /** The application's context, which is unknown here; in a handler only one that the handler itself has made. */
  readonly context: unknown;
  /** In a handler: the context around the call that sent the event. */
  readonly outside: unknown;
  readonly isInHandler: boolean;
  /** In a `runInline` handler: the turn of its event, which the handler's own events do not wait for. */
  readonly turn: PendingTurn | undefined;
  /** The scope of handlers that get an event from here: one for all events, which may be many. */
  handlers: HandlersScope | undefined;
}

/** A scope that hides what is around. */
interface HandlersScope extends Scope {
  readonly around: Scope | undefined;
}

function handlerScope(around: Scope | undefined, turn: PendingTurn | undefined): Scope {
  const outside = around?.context ?? around?.outside;
  return { context: undefined, outside, isInHandler: true, turn, handlers: undefined };
}

/** One storage for both: in Node.js 20 and 22 every further one makes every promise of the process dearer. */
const { storage, hidden } = shared("scope.v1", () => ({
  storage: new AsyncLocalStorage<Scope | undefined>(),
  /** `maybe`: whether there ever was something to hide, since reading the storage costs. `sources`: see {@link countHidden}. */
  hidden: { maybe: false, sources: 0 },
}));
const WITHOUT_CONTEXT: HandlersScope = { ...handlerScope(undefined, undefined), around: undefined };

export function currentScope(): Readonly<Scope> | undefined {
  return storage.getStore();
}

/** Calls `body` in a context of the application. */
export function withinContext<T>(context: unknown, body: () => T): T {
  hidden.maybe = true;
  const { outside, isInHandler = false, turn } = storage.getStore() ?? {};
  return storage.run({ context, outside, isInHandler, turn, handlers: undefined }, body);
}

/** Counts, by 1 or -1, what is to be hidden from handlers even where there is no context. */
export function countHidden(by: 1 | -1): void {
  hidden.maybe = true;
  hidden.sources += by;
}

/**
 * Enters the scope of handlers. Returns what {@link leaveHandlers} needs; undefined if there is nothing to hide from them. Not
 * `storage.run`, which may undo what a handler writes to other storages: the caller is to see that.
 */
export function enterHandlers(): HandlersScope | undefined {
  if (!hidden.maybe) return undefined;
  const around = storage.getStore();
  if (around === undefined ? hidden.sources === 0 : around.context === undefined) return undefined;
  const scope = around === undefined ? WITHOUT_CONTEXT : handlersOf(around);
  storage.enterWith(scope);
  return scope;
}

function handlersOf(around: Scope): HandlersScope {
  around.handlers ??= { ...handlerScope(around, around.turn), around };
  return around.handlers;
}

export function leaveHandlers(scope: HandlersScope | undefined): void {
  if (scope !== undefined) storage.enterWith(scope.around);
}

/** Calls a handler by `call`, which does not throw, in a scope that hides what is around, and in the turn of its event. */
export function callInTurn(turn: PendingTurn, call: () => void): void {
  const around = storage.getStore();
  storage.enterWith(handlerScope(around, turn));
  call();
  storage.enterWith(around);
}
