// Not the global ones: applications' tests stop those, and a limit would never be reached.
import { clearTimeout, setTimeout } from "node:timers";

const LATE = Symbol("late");

/**
 * Settles as `promise` does, or resolves to LATE once `millis` (Infinity: no limit) have passed. A finite limit keeps the
 * process alive.
 */
async function race<T>(promise: PromiseLike<T>, millis: number): Promise<T | typeof LATE> {
  if (millis === Number.POSITIVE_INFINITY) return promise;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(() => resolve(LATE), millis);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Settles as `promise` does. If that takes longer than `millis` (Infinity: no limit), rejects with the error that `onLate`
 * gives; the work itself goes on, and its outcome is ignored.
 */
export async function withTimeLimit<T>(
  promise: PromiseLike<T>,
  millis: number,
  onLate: () => Error | Promise<Error>,
): Promise<T> {
  const first = await race(promise, millis);
  if (first === LATE) throw await onLate();
  return first;
}

/** Whether `promise` resolves within `millis`. Keeps the process alive until that is known. */
export async function resolvesWithin(promise: Promise<unknown>, millis: number): Promise<boolean> {
  return (await race(promise, millis)) !== LATE;
}
