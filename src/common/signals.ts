import { tolerated } from "./thenable.ts";

/*
 * Cancellation. A signal ends a caller's wait. It never keeps the end of a run from the handlers.
 */

/** Aborts when the first of the signals does; undefined if there is none. */
export function anySignal(...signals: readonly (AbortSignal | undefined)[]): AbortSignal | undefined {
  const given = [...new Set(signals.filter((signal) => signal !== undefined))];
  return given.length > 1 ? AbortSignal.any(given) : given[0];
}

/** Reasons of aborts that have rejected a promise. */
const reasons = new WeakSet<object>();

function note(reason: unknown): void {
  if (typeof reason === "object" && reason !== null) reasons.add(reason);
}

/** Whether an error is an abort, by its name or because a signal gave it as reason. */
export function isAbort(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  try {
    return reasons.has(error) || (error as { readonly name?: unknown }).name === "AbortError";
  } catch {
    return false;
  }
}

/** An abort is not a fault: a caller may leave the promise alone. */
export function rejected(signal: AbortSignal): Promise<never> {
  note(signal.reason);
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

function waitersOf(signal: AbortSignal): Waiters {
  const waiters = waiting.get(signal) ?? new Waiters(signal);
  waiting.set(signal, waiters);
  return waiters;
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
      const waiters = waitersOf(signal);
      const onAbort = () => {
        note(signal.reason);
        reject(signal.reason);
      };
      const settled = () => waiters.delete(onAbort);
      waiters.add(onAbort);
      work.then(resolve, reject).then(settled, settled);
    }),
  );
}
