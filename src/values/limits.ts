import { integer, type OptionsOf, type ResolvedOf, resolve } from "../common/options.ts";

const MIB = 1024 * 1024;

/**
 * Limits of one event: its parts beyond them are cut, each replaced by a `StandIn` with the reason `"too large"` or
 * `"too deep"`, whose text gives what is missing and how much.
 */
export const LIMIT_OPTIONS = {
  /** Bytes of the event as it is encoded; a text counts each time that it occurs. From 1 KiB. @default 4 MiB */
  bytes: integer(1024, Number.MAX_SAFE_INTEGER, 4 * MIB),
  /** Properties of objects, and entries of Maps. At least 1. @default 40,000 */
  keys: integer(1, Number.MAX_SAFE_INTEGER, 40_000),
  /** Elements of arrays, and values of Sets. At least 1. @default 250,000 */
  elements: integer(1, Number.MAX_SAFE_INTEGER, 250_000),
  /**
   * Objects, arrays and stand-ins among them; those of built-in classes count as several, an error as 40 for its stack, a part that throws as 10.
   * At least 1.
   * @default 25,000
   */
  objects: integer(1, Number.MAX_SAFE_INTEGER, 25_000),
  /** Levels of objects in objects, whatever their kind. From 1 to 500. @default 100 */
  depth: integer(1, 500, 100),
  /** Decimal digits of all BigInts. At least 20. @default 10,000 */
  digits: integer(20, Number.MAX_SAFE_INTEGER, 10_000),
};

export type ValueLimits = OptionsOf<typeof LIMIT_OPTIONS>;
export type ResolvedLimits = ResolvedOf<typeof LIMIT_OPTIONS>;

/** For values that are bounded already. */
export const NO_LIMITS: ResolvedLimits = {
  bytes: Number.POSITIVE_INFINITY,
  keys: Number.POSITIVE_INFINITY,
  elements: Number.POSITIVE_INFINITY,
  objects: Number.POSITIVE_INFINITY,
  depth: 600,
  digits: Number.POSITIVE_INFINITY,
};

export const DEFAULT_LIMITS: ResolvedLimits = resolve("limits", LIMIT_OPTIONS, {});

/** Checks limits, and fills in the defaults. Throws SIDECALL_OPTION_INVALID. */
export function resolveLimits(limits: ValueLimits = {}): ResolvedLimits {
  return resolve("limits", LIMIT_OPTIONS, limits);
}
