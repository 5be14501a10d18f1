import { RESOLVED, tolerated } from "../common/thenable.ts";
import { Delivery, deliver } from "./deliver.ts";
import type { AnyEventRecord } from "./events.ts";
import { noteRaised, reportFailure } from "./failures.ts";
import { type CallbackHandler, handlerName } from "./handler.ts";

/*
 * A flag that throws when it is read counts as not set: no handler's fault may reach the caller by this way. One function each,
 * since V8 looks up a property by its name faster than by a variable's.
 */

export function runsFirst(handler: CallbackHandler): boolean {
  try {
    return handler.runInline === true;
  } catch {
    return false;
  }
}

function raisesErrors(handler: CallbackHandler): boolean {
  try {
    return handler.raiseError === true;
  } catch {
    return false;
  }
}

/** One event on its way to a manager's handlers, on the caller's thread. */
export class InlineDelivery extends Delivery<CallbackHandler> {
  /** One promise for each handler that has not settled the event; each resolves, whatever the handler does. */
  readonly #pending: Promise<void>[] = [];

  /**
   * Resolves when all handlers have settled the event, and rejects if one of them raises: for callers who wait, since every
   * failure is reported.
   */
  get settled(): Promise<void> {
    if (this.#pending.length === 0) {
      return this.raised === undefined ? RESOLVED : tolerated(Promise.reject(this.#reason(this.raised)));
    }
    // A handler's promise may have a `then` that gives none: an entry can be undefined.
    const all: Promise<unknown> =
      this.#pending.length === 1 ? Promise.resolve(this.#pending[0]) : Promise.all(this.#pending);
    const settled: Promise<void> = all.then(() => {
      if (this.raised === undefined) return;
      void tolerated(settled);
      throw this.#reason(this.raised);
    });
    return settled;
  }

  /** Gives the event to one handler. Returns its promise, if it has one, for a caller who awaits one handler after the other. */
  deliverAndTake(handler: CallbackHandler, record: AnyEventRecord): Promise<void> | undefined {
    const before = this.#pending.length;
    this.deliverTo(handler, record);
    return this.#pending.length > before ? this.#pending.pop() : undefined;
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
    return raisesErrors(handler);
  }

  protected override report(handler: CallbackHandler, error: unknown): void {
    reportFailure({ handler: handlerName(handler), event: this.event, runId: this.runId, error });
  }

  #reason({ error }: { readonly error: unknown }): unknown {
    noteRaised(error);
    return error;
  }
}
