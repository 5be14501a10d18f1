import { shared } from "../common/copies.ts";
import { addObject, hasObject } from "../common/object-set.ts";
import {
  callSafely,
  type HandlerErrorHook,
  type HandlerFailure,
  throttledErrorLogger,
} from "./failure-log.ts";

const warnings = throttledErrorLogger();
/** The hook that was set; none: warnings. */
const set = shared<{ hook?: HandlerErrorHook }>("handler-errors.v1", () => ({}));

/**
 * Sets the hook that gets the failures of handlers, inline and off-thread. Returns the previous hook.
 *
 * @default process warnings with handler, event, run id and cause, throttled by {@link throttledErrorLogger}
 */
export function onHandlerError(next: HandlerErrorHook = warnings): HandlerErrorHook {
  const previous = set.hook ?? warnings;
  set.hook = next;
  return previous;
}

export function reportFailure(failure: HandlerFailure): void {
  callSafely(set.hook ?? warnings, failure, (error) => {
    warnings(failure);
    warnings({ ...failure, handler: "onHandlerError", error });
  });
}

/**
 * Rejects the promise of an event that was sent to a thread, when a handler with `raiseError` failed there: that failure has
 * been reported under the handler's name, and is only to be raised.
 */
export class ReportedFailure {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}

/** Errors that reached an application's code after they were reported: a handler that wraps another may pass them on. */
const reported = shared("reported.v1", () => new WeakSet<object>());

/** The error itself, for a caller who knows no `ReportedFailure`. A primitive cannot be marked, and is reported again. */
export function unwrapReported(failure: unknown): unknown {
  if (!(failure instanceof ReportedFailure)) return failure;
  addObject(reported, failure.error);
  return failure.error;
}

export function isReported(failure: unknown): boolean {
  return failure instanceof ReportedFailure || hasObject(reported, failure);
}

/** Errors with which a dispatch has rejected: each is reported before. */
const raised = shared("raised.v1", () => new WeakSet<object>());

export function noteRaised(error: unknown): void {
  addObject(raised, error);
}

/** Whether a dispatch has rejected with this error. A primitive cannot be marked, and counts as new. */
export function wasRaised(error: unknown): boolean {
  return hasObject(raised, error);
}
