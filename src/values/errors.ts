import { errorText } from "../common/errors.ts";

const STANDARD: ReadonlySet<string> = new Set(["name", "message", "stack", "cause"]);

/** Names of an error's own properties beyond those that every error has, such as `status`, `code` or `errors`. */
export function errorDetailKeys(error: object): string[] {
  const keys = Object.keys(error).filter((key) => !STANDARD.has(key));
  return Object.hasOwn(error, "errors") && !keys.includes("errors") ? [...keys, "errors"] : keys;
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
