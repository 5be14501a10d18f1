import {
  callSafely,
  type HandlerErrorHook,
  type HandlerFailure,
  throttledErrorLogger,
} from "./failure-log.ts";

const warnings = throttledErrorLogger();
let hook: HandlerErrorHook = warnings;

/**
 * Sets the hook that gets the failures of handlers, inline and off-thread. Returns the previous hook.
 *
 * @default process warnings with handler, event, run id and cause, throttled by {@link throttledErrorLogger}
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
