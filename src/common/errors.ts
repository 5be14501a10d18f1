import { markInstances } from "./copies.ts";

/** Every error that reaches a user, by its stable code. Append only: a released code keeps its meaning. */
export const ERROR_CODES = {
  SIDECALL_OPTION_INVALID: "an option or argument is not what the function accepts",
  SIDECALL_OPTION_NOT_CLONEABLE: "an option for a handler module cannot be copied to a worker thread",
  SIDECALL_MODULE_FAILED: "a handler module could not be imported",
  SIDECALL_NOT_A_HANDLER: "an object that is to get events, or a handler module's export, is no handler",
  SIDECALL_FACTORY_FAILED: "a handler class or factory threw while it built its handler",
  SIDECALL_HANDLER_FAILED: "a handler in a worker thread failed with something that cannot be copied",
  SIDECALL_HANDLER_TIMEOUT: "a handler did not settle an event in time",
  SIDECALL_LANE_DIED: "a worker thread ended while it owed events or an answer",
  SIDECALL_OVERFLOW: "the buffer of an off-thread handler is full",
  SIDECALL_CLOSED: "the off-thread handler or token queue no longer takes events",
  SIDECALL_ABORTED: "the off-thread handler was aborted before this was done",
  SIDECALL_TIMEOUT: "flushing or closing took longer than allowed",
  SIDECALL_REMOTE_METHOD: "a remote call names a method that the handler does not have",
  SIDECALL_RUN_FAILED: "a run ended with an error that is no Error object",
  SIDECALL_BATCH_LINE: "a line of a batch file is not a request",
  SIDECALL_SERVER_UNREACHABLE: "the model server cannot be reached",
  SIDECALL_BATCH_REQUEST: "a request of a batch got no whole answer",
  SIDECALL_BATCH_INTERRUPTED: "a batch was stopped before this request was done",
  SIDECALL_FILE_NOT_WRITABLE: "a file cannot be opened for writing",
  SIDECALL_USAGE: "the command line is not understood",
  SIDECALL_QUEUE_TAKEN: "a token queue has a reader already",
  SIDECALL_RUN_UNKNOWN: "an event belongs to a run that has not begun, or has ended",
  SIDECALL_RUN_REUSED: "a run began with the id of a run that has not ended",
  SIDECALL_RUN_ENDED: "a run was ended a second time",
  SIDECALL_RUN_LEFT_OPEN: "a run ended before runs below it",
  SIDECALL_NO_RUN: "there is no run around a call that needs one",
  SIDECALL_STREAM_LEFT: "the consumer of an event stream left before the run had ended",
  SIDECALL_REMOTE_HANDLER: "remotes were asked for a handler that is not among those placed",
  SIDECALL_REMOTE_VALUE: "an argument or result of a remote call cannot cross to another thread",
  SIDECALL_EVENT_TOO_LARGE: "an event takes more bytes than a frame between threads can have",
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/**
 * An error with a stable `code`. The message says what was expected, what came, and what to do;
 * `cause` holds the underlying error, if there is one.
 */
export class SidecallError extends Error {
  override readonly name = "SidecallError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}
markInstances(SidecallError, "error.v1");

/** A thrown value as one line of text. Never throws, whatever the value's getters do. */
export function errorText(error: unknown): string {
  try {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  } catch {
    return "an error that cannot be printed";
  }
}
