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

export class Scope {
  /** The application's context, which is unknown here; in a handler only one that the handler itself has made. */
  readonly context: unknown;
  /** In a handler: the context around the call that sent the event. */
  readonly outside: unknown;
  readonly isInHandler: boolean;
  /** In a `runInline` handler: the turn of its event, which the handler's own events do not wait for. */
  readonly turn: PendingTurn | undefined;
  #handlers: Scope | undefined;

  constructor({ context, outside, isInHandler, turn }: Omit<Scope, "handlers">) {
    this.context = context;
    this.outside = outside;
    this.isInHandler = isInHandler;
    this.turn = turn;
  }

  /** The scope of handlers that get an event from here: one for all events, which may be many. */
  get handlers(): Scope {
    this.#handlers ??= handlerScope(this, this.turn);
    return this.#handlers;
  }
}

function handlerScope(around: Scope | undefined, turn: PendingTurn | undefined): Scope {
  const outside = around?.context ?? around?.outside;
  return new Scope({ context: undefined, outside, isInHandler: true, turn });
}

/** One storage for both: in Node.js 20 and 22 every further one makes every promise of the process dearer. */
const { storage, hidden } = shared("scope.v1", () => ({
  storage: new AsyncLocalStorage<Scope | undefined>(),
  hidden: { sources: 0 },
}));
const WITHOUT_CONTEXT = handlerScope(undefined, undefined);

export function currentScope(): Scope | undefined {
  return storage.getStore();
}

/** Calls `body` in a context of the application. */
export function withinContext<T>(context: unknown, body: () => T): T {
  const { outside, isInHandler = false, turn } = storage.getStore() ?? {};
  return storage.run(new Scope({ context, outside, isInHandler, turn }), body);
}

/** Counts, by 1 or -1, what is to be hidden from handlers even where there is no context. */
export function countHidden(by: 1 | -1): void {
  hidden.sources += by;
}

/** The scope in which handlers are to be called; undefined if there is nothing to hide from them. */
export function hidingScope(): Scope | undefined {
  const scope = storage.getStore();
  if (scope === undefined) return hidden.sources > 0 ? WITHOUT_CONTEXT : undefined;
  return scope.context === undefined ? undefined : scope.handlers;
}

/** The scope of a handler that is called in its event's turn. */
export function turnScope(turn: PendingTurn): Scope {
  return handlerScope(storage.getStore(), turn);
}

/** Calls `call`, which does not throw. Undoes nothing that `call` writes to other storages, as `storage.run` may. */
export function callIn(scope: Scope, call: () => void): void {
  const outer = storage.getStore();
  storage.enterWith(scope);
  call();
  storage.enterWith(outer);
}
