import { setImmediate } from "node:timers";
import { addObject, hasObject } from "../common/object-set.ts";
import { isAbort } from "../common/signals.ts";
import type { HandlerFailure } from "./failure-log.ts";
import { reportFailure, wasRaised } from "./failures.ts";

/*
 * Calls whose promises are not awaited. A rejection of such a promise must not end the process; where it is a fault of
 * which no other report exists, `onHandlerError` gets it.
 */

/** Stands in a report for the run of a call that began or found none. */
export const NO_RUN = "none";

type CallDescription = Pick<HandlerFailure, "handler" | "event" | "runId">;

/** A promise that notes whether anything waits for it: `await`, `Promise.all` and the like call its `then`, too. */
class ObservedPromise<T> extends Promise<T> {
  #isObserved = false;

  /** Promises that are derived from it are plain ones. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  // biome-ignore lint/suspicious/noThenProperty: it overrides the method of a promise
  override then<Result = T, Caught = never>(
    onFulfilled?: ((value: T) => Result | PromiseLike<Result>) | null,
    onRejected?: ((reason: unknown) => Caught | PromiseLike<Caught>) | null,
  ): Promise<Result | Caught> {
    this.#isObserved = true;
    return super.then(onFulfilled, onRejected);
  }

  /** Calls `listener` with the reason if the promise rejects and nothing has observed it by the end of that turn. */
  onUnobserved(listener: (error: unknown) => void): void {
    const check = (error: unknown) =>
      setImmediate(() => {
        if (!this.#isObserved) listener(error);
      });
    super.then(undefined, check);
  }
}

/** Errors that were reported here: the promises of a stream and of its result reject with the same one. */
const reported = new WeakSet<object>();

function isKnown(error: unknown): boolean {
  return isAbort(error) || wasRaised(error) || hasObject(reported, error);
}

/**
 * Settles as `promise` does. If it rejects and nothing has observed it by the end of that turn, the rejection does not
 * count as unhandled: its error is reported once, as of the call that `describe` describes. Not reported are aborts,
 * failures that a dispatch has reported already, and errors for which `describe` returns undefined.
 */
export function reportIfUnawaited<T>(
  promise: Promise<T>,
  describe: (error: unknown) => CallDescription | undefined,
): Promise<T> {
  const observed = new ObservedPromise<T>((resolve, reject) => promise.then(resolve, reject));
  observed.onUnobserved((error) => {
    if (isKnown(error)) return;
    const call = describe(error);
    if (call === undefined) return;
    addObject(reported, error);
    reportFailure({ ...call, error });
  });
  return observed;
}
