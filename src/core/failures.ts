import {
  callSafely,
  type HandlerErrorHook,
  type HandlerFailure,
  throttledErrorLogger,
} from "./failure-log.ts";

const warnings = throttledErrorLogger();
let hook: HandlerErrorHook = warnings;

/**
 * Sets what is told of handlers' failures, inline and off-thread, in place of the default: process warnings with
 * handler, event, run id and cause, throttled by {@link throttledErrorLogger}. Without an argument the default
 * returns. Gives back the hook that was set before.
 */
export function onHandlerError(next: HandlerErrorHook = warnings): HandlerErrorHook {
  const previous = hook;
  hook = next;
  return previous;
}

export function reportFailure(failure: HandlerFailure): void {
  callSafely(hook, failure, (error) => {
    warnings(failure);
    warnings({ ...failure, handler: "onHandlerError", error });
  });
}

/**
 * Rejects the promise of an event that was sent elsewhere, when a handler with `raiseError` failed there: that failure has
 * been reported under the handler's name, and is only to be raised.
 */
export class ReportedFailure {
  readonly error: unknown;

  constructor(error: unknown) {
    this.error = error;
  }
}
