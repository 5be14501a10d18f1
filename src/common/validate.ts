import { inspect } from "node:util";
import { SidecallError } from "./errors.ts";

/*
 * Checks of options, done once, on entry. Messages read: Expected `name` to be …, got `value` (type).
 */

function shown(value: unknown): string {
  return `\`${inspect(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY })}\` (${typeof value})`;
}

/** SIDECALL_OPTION_INVALID for an option; `expected` completes "Expected `name` to be …". */
export function invalidOption(name: string, expected: string, value: unknown): SidecallError {
  return new SidecallError(
    "SIDECALL_OPTION_INVALID",
    `Expected \`${name}\` to be ${expected}, got ${shown(value)}.`,
  );
}

export function checkInteger(
  name: string,
  value: number,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
): number {
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  const bounds = max === Number.MAX_SAFE_INTEGER ? `${min} or more` : `from ${min} to ${max}`;
  throw invalidOption(name, `an integer, ${bounds}`, value);
}

/** The longest delay of a Node.js timer; a longer one fires at once. */
export const MAX_TIMER_MILLIS = 2 ** 31 - 1;

/** A duration: a number of milliseconds above zero, or Infinity. */
export function checkMillis(name: string, value: number): number {
  const isTimer = typeof value === "number" && value > 0 && value <= MAX_TIMER_MILLIS;
  if (isTimer || value === Number.POSITIVE_INFINITY) return value;
  throw invalidOption(
    name,
    `a number of milliseconds above 0, at most ${MAX_TIMER_MILLIS} or Infinity`,
    value,
  );
}

/** A string that is not empty. */
export function checkFilled(name: string, value: unknown, expected = "a string that is not empty"): string {
  if (typeof value === "string" && value !== "") return value;
  throw invalidOption(name, expected, value);
}

export function checkOneOf<T extends string>(name: string, value: T, allowed: readonly T[]): T {
  if (allowed.includes(value)) return value;
  throw invalidOption(name, `one of ${allowed.map((each) => `"${each}"`).join(", ")}`, value);
}

export function checkSignal(name: string, value: AbortSignal | undefined): void {
  if (value !== undefined && !(value instanceof AbortSignal))
    throw invalidOption(name, "an AbortSignal", value);
}

export function checkText(name: string, value: string | undefined): void {
  if (value !== undefined && typeof value !== "string") throw invalidOption(name, "a string", value);
}

/** Refuses a value that is no object, and unknown keys, which are mostly misspelt options. */
export function checkKeys(name: string, value: object, known: readonly string[]): void {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw invalidOption(name, "an object", value);
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    throw new SidecallError(
      "SIDECALL_OPTION_INVALID",
      `Expected \`${name}\` to have no other keys than ${known.join(", ")}; got \`${key}\`.`,
    );
  }
}
