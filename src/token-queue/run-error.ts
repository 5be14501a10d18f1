import { errorText } from "../common/errors.ts";

/*
 * The error of a run as the text of a queue's last entry.
 */

function property(error: Error, key: string): unknown {
  const value: unknown = Reflect.get(error, key);
  return typeof value === "string" || typeof value === "number" ? value : undefined;
}

/** Describes an error as JSON, which keeps lone surrogates: [name, message, stack, code]. */
export function describeError(error: unknown): string {
  try {
    if (error instanceof Error) {
      return JSON.stringify(["name", "message", "stack", "code"].map((key) => property(error, key) ?? null));
    }
  } catch {
    // An error with throwing getters is described like any other thrown value.
  }
  return JSON.stringify(["SidecallError", errorText(error), null, "SIDECALL_RUN_FAILED"]);
}

/** Rebuilds an error from the description that `TokenQueue.fail` wrote. */
export function rebuildError(description: string): Error {
  const [name, message, stack, code] = JSON.parse(description) as [unknown, unknown, unknown, unknown];
  const error = new Error(String(message ?? ""));
  Object.defineProperty(error, "name", {
    value: String(name ?? "Error"),
    configurable: true,
    writable: true,
  });
  if (typeof stack === "string") error.stack = stack;
  return code === null ? error : Object.assign(error, { code });
}
