import { MAX_TIMER_MILLIS } from "./validate.ts";

/**
 * Settles as `promise` does, and keeps the process alive until then. A pending `Atomics.waitAsync`, or a port that is
 * unreferenced, does not: the process would end in the middle of an `await`, without an error.
 */
export async function keepAlive<T>(promise: Promise<T>): Promise<T> {
  const interval = setInterval(() => undefined, MAX_TIMER_MILLIS);
  try {
    return await promise;
  } finally {
    clearInterval(interval);
  }
}
