/** The one promise for "done already": identity with it means that there is nothing to wait for. */
export const RESOLVED: Promise<void> = Promise.resolve();

/** Whether a value can be awaited. Throws what a `then` getter throws. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

/** The same promise, without an unhandled rejection if nothing awaits it: for one that rejects with what is no fault, or is reported. */
export function tolerated<T>(promise: Promise<T>): Promise<T> {
  promise.then(undefined, () => undefined);
  return promise;
}
