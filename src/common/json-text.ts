import { types } from "node:util";
import { isPlainData } from "./plain-data.ts";

/*
 * JSON text of any value. JSON.stringify writes nearly all values; those that it refuses (cycles, throwing getters or
 * toJSON) are copied first, with marks such as "[cycle]" in place of parts that cannot be written.
 */

const MAX_DEPTH = 64;

function plain(value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Map) return entriesOf(value);
  if (value instanceof Set) return [...value];
  if (value instanceof Error) return errorFields(value);
  if (value instanceof RegExp || value instanceof URLSearchParams) return String(value);
  if (value instanceof Headers) return Object.fromEntries(value);
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return `[${value.byteLength} bytes]`;
  return value;
}

/** An object; a list of pairs for a Map with objects as keys, or with keys that are the same as texts. */
function entriesOf(map: ReadonlyMap<unknown, unknown>): unknown {
  const entries = [...map];
  if (entries.some(([key]) => typeof key === "object" && key !== null)) return entries;
  const named = Object.fromEntries(entries.map(([key, value]) => [String(key), value]));
  return Object.keys(named).length === entries.length ? named : entries;
}

interface ErrorFields {
  readonly name: string;
  readonly message: string;
  readonly code?: unknown;
  readonly stack: string | undefined;
}

/** The fields of an error that traces show. */
function errorFields(error: Error): ErrorFields {
  const code = "code" in error && error.code !== undefined ? { code: error.code } : {};
  return { name: error.name, message: error.message, ...code, stack: error.stack };
}

function copy(value: unknown, above: readonly unknown[]): unknown {
  const simple = plain(value);
  // JSON.stringify would call a copied toJSON.
  if (typeof simple === "function") return undefined;
  if (typeof simple !== "object" || simple === null) return simple;
  if (above.includes(value)) return "[cycle]";
  if (above.length >= MAX_DEPTH) return "[too deep]";
  const path = [...above, value];
  if (Array.isArray(simple)) return simple.map((entry) => copy(entry, path));
  return Object.fromEntries(Object.keys(simple).map((key) => [key, copyProperty(simple, key, path)]));
}

function copyProperty(from: object, key: string, path: readonly unknown[]): unknown {
  try {
    return copy((from as Readonly<Record<string, unknown>>)[key], path);
  } catch {
    return "[unreadable]";
  }
}

/** Replacer for `JSON.stringify`. A Buffer arrives with its `toJSON` applied, a number per byte; `this` holds the Buffer. */
function replacer(this: unknown, key: string, value: unknown): unknown {
  const own: unknown = isBufferJson(value) ? Reflect.get(Object(this), key) : value;
  return plain(Buffer.isBuffer(own) ? own : value);
}

function isBufferJson(value: unknown): boolean {
  return typeof value === "object" && value !== null && "type" in value && value.type === "Buffer";
}

/** The JSON text of any value, on lines with `indent`; `null` for undefined and functions. Never throws. */
export function jsonText(value: unknown, indent = 0): string {
  try {
    // Without a replacer JSON.stringify is several times faster.
    if (isPlainData([value])) return JSON.stringify(value, undefined, indent) ?? "null";
    return JSON.stringify(value, replacer, indent) ?? "null";
  } catch {
    try {
      return JSON.stringify(copy(value, []), undefined, indent) ?? "null";
    } catch {
      return '"[unreadable]"';
    }
  }
}
