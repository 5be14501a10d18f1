import { inspect } from "node:util";
import { SidecallError } from "./errors.ts";

/*
 * Checks of options and arguments. Each returns the value, or throws SIDECALL_OPTION_INVALID with a message of the form:
 * Expected `name` to be …, got `value` (type).
 */

function shown(value: unknown): string {
  return `\`${inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY })}\` (${typeof value})`;
}

/** The error for a wrong value. `expected` completes the sentence: "an array of strings". */
export function invalidOption(name: string, expected: string, value: unknown): SidecallError {
  return new SidecallError(
    "SIDECALL_OPTION_INVALID",
    `Expected \`${name}\` to be ${expected}, got ${shown(value)}.`,
  );
}

export function checkInteger(
  name: string,
  value: unknown,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
  const bounds = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `from ${min} to ${max}`;
  throw invalidOption(name, `an integer, ${bounds}`, value);
}

/** The longest time that a timer takes: Node.js cuts a longer one down to 1 ms. */
export const MAX_TIMER_MILLIS = 2 ** 31 - 1;

/** A duration: a number of milliseconds above zero, or Infinity. */
export function checkMillis(name: string, value: unknown): number {
  const isNumber = typeof value === "number";
  if (isNumber && value > 0 && (value <= MAX_TIMER_MILLIS || value === Number.POSITIVE_INFINITY))
    return value;
  const expected = `a number of milliseconds above 0, at most ${MAX_TIMER_MILLIS} or Infinity`;
  throw invalidOption(name, expected, value);
}

/** A string that is not empty. */
export function checkFilled(name: string, value: unknown, expected = "a string that is not empty"): string {
  if (typeof value === "string" && value !== "") return value;
  throw invalidOption(name, expected, value);
}

/** A path, of which only whether it is a string and not empty is checked. */
export function checkPath(name: string, value: unknown): string {
  return checkFilled(name, value, "the path of a file");
}

export function checkOneOf<Value extends string>(
  name: string,
  value: unknown,
  allowed: readonly Value[],
): Value {
  const found = allowed.find((each) => each === value);
  if (found !== undefined) return found;
  throw invalidOption(name, `one of ${allowed.map((each) => `"${each}"`).join(", ")}`, value);
}

export function checkSignal(name: string, value: unknown): AbortSignal {
  if (value instanceof AbortSignal) return value;
  // Of a polyfill, or of another realm, as in a test environment.
  const given = value as Partial<AbortSignal> | null;
  if (typeof given?.aborted === "boolean" && typeof given.addEventListener === "function") {
    return given as AbortSignal;
  }
  throw invalidOption(name, "an AbortSignal", value);
}

export function checkText(name: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw invalidOption(name, "a string", value);
}

export function checkStrings(name: string, value: unknown): readonly string[] {
  if (Array.isArray(value) && value.every((each) => typeof each === "string")) return value;
  throw invalidOption(name, "an array of strings", value);
}
