import { errorText } from "../common/errors.ts";

const STANDARD: ReadonlySet<string> = new Set(["name", "message", "stack", "cause"]);

/** Properties that errors hide from a listing: the parts of an AggregateError and a SuppressedError, a ZodError's issues. */
const HIDDEN: readonly string[] = ["errors", "error", "suppressed", "issues"];

/** Names of an error's own properties beyond those that every error has, such as `status`, `code` or `errors`. */
export function errorDetailKeys(error: object): string[] {
  const keys = Object.keys(error).filter((key) => !STANDARD.has(key));
  const hidden = HIDDEN.filter((key) => Object.hasOwn(error, key) && !keys.includes(key));
  return hidden.length === 0 ? keys : [...keys, ...hidden];
}

/** A part of an error as text; undefined if it has none. Never throws. */
export function errorPart(error: Error, key: "name" | "message" | "stack"): string | undefined {
  try {
    const value: unknown = error[key];
    return value === undefined ? undefined : String(value);
  } catch (failure) {
    return `[unreadable: ${errorText(failure)}]`;
  }
}
