// Not the global ones: applications' tests stop those, and a limit would never be reached.
import { clearTimeout, setTimeout } from "node:timers";

const LATE = Symbol("late");

/**
 * Settles as `promise` does. If that takes longer than `millis` (Infinity: no limit), rejects with the error that `onLate`
 * gives; the work itself goes on, and its outcome is ignored.
 */
export async function withTimeLimit<T>(
  promise: PromiseLike<T>,
  millis: number,
  onLate: () => Error | Promise<Error>,
): Promise<T> {
  if (millis === Number.POSITIVE_INFINITY) return promise;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(() => resolve(LATE), millis);
  });
  try {
    const first = await Promise.race([promise, late]);
    if (first === LATE) throw await onLate();
    return first;
  } finally {
    clearTimeout(timer);
  }
}
