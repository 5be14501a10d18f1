/*
 * Cancellation. A signal ends what a caller waits for, never what handlers are told of a run's end.
 */

/** One signal for several; undefined where there is none. */
export function anySignal(...signals: readonly (AbortSignal | undefined)[]): AbortSignal | undefined {
  const given = [...new Set(signals.filter((signal) => signal !== undefined))];
  return given.length > 1 ? AbortSignal.any(given) : given[0];
}

/** The same promise, whose rejection needs nobody who waits: it tells of an abort, which is no fault. */
function tolerated<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

export function rejected(signal: AbortSignal): Promise<never> {
  return tolerated(Promise.reject(signal.reason));
}

/** Who waits for which signal: one listener each, however many wait. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>();

function waitersOf(signal: AbortSignal): Set<() => void> {
  const known = waiting.get(signal);
  if (known !== undefined) return known;
  const waiters = new Set<() => void>();
  waiting.set(signal, waiters);
  signal.addEventListener(
    "abort",
    () => {
      for (const wake of waiters) wake();
    },
    { once: true },
  );
  return waiters;
}

/** What `work` gives, or the signal's reason if that comes first; the work itself goes on. */
export function untilAborted<T>(signal: AbortSignal | undefined, work: PromiseLike<T>): Promise<T> {
  if (signal === undefined) return Promise.resolve(work);
  if (signal.aborted) {
    work.then(undefined, () => undefined);
    return rejected(signal);
  }
  return tolerated(
    new Promise<T>((resolve, reject) => {
      const waiters = waitersOf(signal);
      const onAbort = () => reject(signal.reason);
      const settled = () => void waiters.delete(onAbort);
      waiters.add(onAbort);
      work.then(resolve, reject).then(settled, settled);
    }),
  );
}
