import { compositeOf } from "./composite-signals.ts";
import { shared } from "./copies.ts";
import { addObject } from "./object-set.ts";
import { tolerated } from "./thenable.ts";

/*
 * Cancellation. A signal ends a caller's wait. It never keeps the end of a run from the handlers.
 */

/** A signal as code that is no AbortSignal of this realm has it: of a polyfill, or of a test environment. */
type ForeignSignal = Pick<AbortSignal, "aborted" | "reason" | "addEventListener">;

const followers = new WeakMap<ForeignSignal, AbortSignal>();

/** A signal that Node.js combines with others. */
function native(signal: ForeignSignal): AbortSignal {
  if (signal instanceof AbortSignal) return signal;
  const known = followers.get(signal);
  if (known !== undefined) return known;
  const controller = new AbortController();
  const follow = () => controller.abort(signal.reason);
  if (signal.aborted) follow();
  else signal.addEventListener("abort", follow, { once: true });
  followers.set(signal, controller.signal);
  return controller.signal;
}

/** Aborts when the first of the signals does; undefined if there is none. */
export function anySignal(...signals: readonly (AbortSignal | undefined)[]): AbortSignal | undefined {
  let any: AbortSignal | undefined;
  for (const [i, given] of signals.entries()) {
    if (given === undefined || signals.indexOf(given) < i) continue;
    any = any === undefined ? native(given) : compositeOf(any, native(given));
  }
  return any;
}

/** Reasons of aborts that have rejected a promise. */
const reasons = shared("abort-reasons.v1", () => new WeakSet<object>());

/** An abort is not a fault: a caller may leave the promise alone. */
export function rejected(signal: AbortSignal): Promise<never> {
  addObject(reasons, signal.reason);
  return tolerated(Promise.reject(signal.reason));
}

/** The waiters of one signal, behind a single abort listener. */
class Waiters {
  readonly #signal: AbortSignal;
  readonly #wakes = new Set<() => void>();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  add(wake: () => void): void {
    if (this.#wakes.size === 0) this.#signal.addEventListener("abort", this.#wakeAll, { once: true });
    this.#wakes.add(wake);
  }

  /** Removes the listener with the last waiter: Node.js keeps a signal of several sources alive while it has one. */
  delete(wake: () => void): void {
    this.#wakes.delete(wake);
    if (this.#wakes.size === 0) this.#signal.removeEventListener("abort", this.#wakeAll);
  }

  readonly #wakeAll = (): void => {
    for (const wake of this.#wakes) wake();
  };
}

const waiting = new WeakMap<AbortSignal, Waiters>();

/**
 * Calls `listener` when the signal aborts, or now if it is aborted. Returns a function that ends that. All listeners of one
 * signal share one of the signal's own: many would cause a warning.
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  if (signal.aborted) {
    listener();
    return () => undefined;
  }
  const waiters = waiting.get(signal) ?? new Waiters(signal);
  waiting.set(signal, waiters);
  waiters.add(listener);
  return () => waiters.delete(listener);
}

/** Settles as `work` does, or rejects with the signal's reason if that comes first; the work itself goes on. */
export function untilAborted<T>(signal: AbortSignal | undefined, work: PromiseLike<T>): Promise<T> {
  if (signal === undefined) return Promise.resolve(work);
  if (signal.aborted) {
    work.then(undefined, () => undefined);
    return rejected(signal);
  }
  return tolerated(
    new Promise<T>((resolve, reject) => {
      const settled = onAbort(signal, () => {
        addObject(reasons, signal.reason);
        reject(signal.reason);
      });
      work.then(resolve, reject).then(settled, settled);
    }),
  );
}

/** Names of libraries' aborts: `AbortError`, OpenAI's `APIUserAbortError`, axios's `CanceledError`. */
const ABORT_NAME = /abort|cancell?ed/i;

function isNamedAbort(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ABORT_NAME.test(error.name) || ABORT_NAME.test(error.constructor.name);
}

/** Whether an error is the abort of some signal: by its name, or as a reason that has rejected a promise. See {@link isAbortOf}. */
export function isAbort(error: unknown): boolean {
  try {
    return isNamedAbort(error) || (typeof error === "object" && error !== null && reasons.has(error));
  } catch {
    return false;
  }
}

/** Causes beyond these are not looked at: a chain may be a circle. */
const MAX_CAUSES = 10;

/** Whether the abort of `signal` caused an error: it is the reason, has it among its causes, or says that it is an abort. */
export function isAbortOf(signal: AbortSignal | undefined, error: unknown): boolean {
  if (signal === undefined || !signal.aborted) return false;
  try {
    let cause = error;
    for (let i = 0; i < MAX_CAUSES; i += 1) {
      if (Object.is(cause, signal.reason)) return true;
      if (!(cause instanceof Error) || cause.cause === undefined) break;
      cause = cause.cause;
    }
    return isNamedAbort(error);
  } catch {
    return false;
  }
}
