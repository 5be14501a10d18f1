import { errorText } from "./errors.ts";
import type { EventName } from "./events.ts";

/** A handler's failure: which handler, at which event of which run, and what it threw. */
export interface HandlerFailure {
  readonly handler: string;
  readonly event: EventName;
  readonly runId: string;
  readonly error: unknown;
}
export type HandlerErrorHook = (failure: HandlerFailure) => void;

function warn({ handler, event, runId, error }: HandlerFailure): void {
  process.emitWarning(`handler ${handler} failed at ${event} of run ${runId}: ${errorText(error)}`, {
    type: "SidecallHandlerWarning",
    ...stackOf(error),
  });
}

function stackOf(error: unknown): { readonly detail?: string } {
  try {
    return error instanceof Error && error.stack !== undefined ? { detail: String(error.stack) } : {};
  } catch {
    return {};
  }
}

let hook: HandlerErrorHook = warn;

/**
 * Sets what is told of handlers' failures, inline and off-thread, in place of the default: a process
 * warning with handler, event, run id and cause. Without an argument the default returns.
 * Gives back the hook that was set before.
 */
export function onHandlerError(next: HandlerErrorHook = warn): HandlerErrorHook {
  const previous = hook;
  hook = next;
  return previous;
}

export function reportFailure(failure: HandlerFailure): void {
  try {
    hook(failure);
  } catch (hookError) {
    warn({ ...failure, handler: "onHandlerError", error: hookError });
  }
}
