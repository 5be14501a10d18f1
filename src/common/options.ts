import { SidecallError } from "./errors.ts";
import {
  checkInteger,
  checkMillis,
  checkOneOf,
  checkSignal,
  checkStrings,
  checkText,
  invalidOption,
} from "./validate.ts";

// A set of options is described once, by a table with a row per option. The row's comment documents the option: editors
// show it, and where the README lists the options, its rows are compared with it.
//
//   export const QUEUE_OPTIONS = {
//     /** Bytes that may wait for the reader. From 1 KiB to 1 GiB. @default 64 KiB */
//     queueBytes: integer(1024, 2 ** 30, 65_536),
//   };
//   export type QueueOptions = OptionsOf<typeof QUEUE_OPTIONS>;         // { readonly queueBytes?: number | undefined }
//   const { queueBytes } = resolve("options", QUEUE_OPTIONS, options);  // queueBytes: number

/** One option. `Absent`: the type of its value when it is left out; `never` for a required option. */
export interface Option<Value, Absent> {
  /** Returns `value`. Throws SIDECALL_OPTION_INVALID. */
  readonly check: Check<Value>;
  /** Returns the value of an option that is left out. Throws SIDECALL_OPTION_INVALID if the option is required. */
  readonly absent: (name: string) => Absent;
  /** With a default, null counts as left out. */
  readonly hasDefault: boolean;
}

export type OptionTable = Readonly<Record<string, Option<unknown, unknown>>>;
type Check<Value> = (name: string, value: unknown) => Value;
type ValueOf<Row> = Row extends Option<infer Value, unknown> ? Value : never;
type AbsentOf<Row> = Row extends Option<unknown, infer Absent> ? Absent : never;

/** One object type in place of two: beside a type without properties, TypeScript takes any value for options. */
type Joined<Parts> = { [Key in keyof Parts]: Parts[Key] };

/** The options as a caller gives them. */
export type OptionsOf<Table> = Joined<
  {
    readonly [Key in keyof Table as [AbsentOf<Table[Key]>] extends [never] ? Key : never]: ValueOf<
      Table[Key]
    >;
  } & {
    readonly [Key in keyof Table as [AbsentOf<Table[Key]>] extends [never] ? never : Key]?:
      | ValueOf<Table[Key]>
      | undefined;
  }
>;

/** The options with every default filled in. */
export type ResolvedOf<Table> = {
  readonly [Key in keyof Table]: ValueOf<Table[Key]> | AbsentOf<Table[Key]>;
};

/** An option that `check` refuses to be undefined. */
export function required<Value>(check: Check<Value>): Option<Value, never> {
  return { check, absent: (name) => check(name, undefined) as never, hasDefault: false };
}

export function optional<Value>(check: Check<Value>): Option<Value, undefined>;
export function optional<Value>(check: Check<Value>, fallback: Value): Option<Value, Value>;
export function optional<Value>(check: Check<Value>, fallback?: Value): Option<Value, Value | undefined> {
  return { check, absent: () => fallback, hasDefault: fallback !== undefined };
}

/** The check of an option that is checked where it is used, or not at all. */
export function unchecked<Value>(_: string, value: unknown): Value {
  return value as Value;
}

export function integer(min: number, max: number, fallback: number): Option<number, number> {
  return optional((name, value) => checkInteger(name, value, min, max), fallback);
}

/** A number of milliseconds above 0, or Infinity. */
export function millis(fallback: number): Option<number, number> {
  return optional(checkMillis, fallback);
}

export function oneOf<const Value extends string>(
  allowed: readonly Value[],
  fallback: NoInfer<Value>,
): Option<Value, Value> {
  return optional((name, value) => checkOneOf(name, value, allowed), fallback);
}

export const text = (): Option<string, undefined> => optional(checkText);
export const strings = (): Option<readonly string[], undefined> => optional(checkStrings);
export const signal = (): Option<AbortSignal, undefined> => optional(checkSignal);

/** A table as `check` reads it: starts of runs are checked one by one, and lists are read faster than objects. */
interface CheckList {
  readonly known: ReadonlySet<string>;
  /** Rows that have a check. */
  readonly rows: readonly { readonly key: string; readonly check: Check<unknown> }[];
}

const checkLists = new WeakMap<OptionTable, CheckList>();

function checkListOf(table: OptionTable): CheckList {
  let list = checkLists.get(table);
  if (list === undefined) {
    const rows = Object.entries(table).map(([key, row]) => ({ key, check: row.check }));
    list = {
      known: new Set(Object.keys(table)),
      rows: rows.filter((row) => row.check !== unchecked),
    };
    checkLists.set(table, list);
  }
  return list;
}

/** Throws SIDECALL_OPTION_INVALID for no object, and for a key without a row. */
function checkKeys(name: string, { known }: CheckList, options: object): void {
  if (typeof options !== "object" || options === null || Array.isArray(options))
    throw invalidOption(name, "an object", options);
  for (const key of Object.keys(options)) {
    if (known.has(key)) continue;
    throw new SidecallError(
      "SIDECALL_OPTION_INVALID",
      `Expected \`${name}\` to have no other keys than ${[...known].join(", ")}; got \`${key}\`.`,
    );
  }
}

/**
 * Checks the options that are given, and leaves the defaults to the caller: for calls so frequent that a second object
 * would cost too much. Throws SIDECALL_OPTION_INVALID.
 */
export function check<Table extends OptionTable>(
  name: string,
  table: Table,
  options: OptionsOf<Table>,
): void {
  const list = checkListOf(table);
  checkKeys(name, list, options);
  const given: Readonly<Record<string, unknown>> = options;
  // Every row, not every key: options may be inherited, and callers read them all the same.
  for (const { key, check } of list.rows) {
    const value = given[key];
    if (value !== undefined) check(key, value);
  }
}

/** Checks the options of `table` and fills in their defaults; `options` may have other keys. Throws SIDECALL_OPTION_INVALID. */
export function fill<Table extends OptionTable>(table: Table, options: OptionsOf<Table>): ResolvedOf<Table> {
  const given: Readonly<Record<string, unknown>> = options;
  const entries = Object.entries(table).map(([key, row]) => {
    const value = given[key];
    const isAbsent = value === undefined || (value === null && row.hasDefault);
    return [key, isAbsent ? row.absent(key) : row.check(key, value)];
  });
  return Object.fromEntries(entries) as ResolvedOf<Table>;
}

/** Checks options, their keys included, and fills in the defaults. Throws SIDECALL_OPTION_INVALID. */
export function resolve<Table extends OptionTable>(
  name: string,
  table: Table,
  options: OptionsOf<Table>,
): ResolvedOf<Table> {
  checkKeys(name, checkListOf(table), options);
  return fill(table, options);
}
