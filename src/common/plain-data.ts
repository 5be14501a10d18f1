import { isPlainObject } from "./json-object.ts";
import { define } from "./own-properties.ts";

const MAX_DEPTH = 32;

/** Bounds within which looking at a value costs less than what is done with it. */
const MAX_NODES = 5_000;
const MAX_UNITS = 256 * 1024;

interface Scan {
  nodes: number;
  units: number;
}

function isPlainText(text: string, scan: Scan): boolean {
  scan.units += text.length;
  return scan.units <= MAX_UNITS;
}

function isPlain(value: unknown, depth: number, scan: Scan): boolean {
  if (typeof value === "string") return isPlainText(value, scan);
  if (typeof value === "number" || typeof value === "boolean") return true;
  if (value === null || value === undefined) return true;
  if (typeof value !== "object" || depth >= MAX_DEPTH) return false;
  return Array.isArray(value) ? isPlainList(value, depth, scan) : isPlainMap(value, depth, scan);
}

function isPlainList(list: readonly unknown[], depth: number, scan: Scan): boolean {
  scan.nodes += list.length;
  if (scan.nodes > MAX_NODES || (list as { toJSON?: unknown }).toJSON !== undefined) return false;
  for (let i = 0; i < list.length; i += 1) if (!isPlain(list[i], depth + 1, scan)) return false;
  return true;
}

function isPlainMap(object: object, depth: number, scan: Scan): boolean {
  if (!isPlainObject(object) || (object as { toJSON?: unknown }).toJSON !== undefined) return false;
  const keys = Object.keys(object);
  scan.nodes += keys.length;
  // Such as Math: an object of the language, which crosses as a stand-in.
  if (keys.length === 0 && Symbol.toStringTag in object) return false;
  if (scan.nodes > MAX_NODES) return false;
  for (const key of keys) {
    if (!isPlainText(key, scan)) return false;
    if (!isPlain((object as Readonly<Record<string, unknown>>)[key], depth + 1, scan)) return false;
  }
  return true;
}

/**
 * Whether values are of JSON alone (plain objects, arrays, texts, numbers, booleans, null, undefined), and not many: then
 * `JSON.stringify` writes them as they are, and every limit lets them pass.
 */
export function isPlainData(values: readonly unknown[]): boolean {
  const scan = { nodes: 0, units: 0 };
  try {
    return values.every((value) => isPlain(value, 0, scan));
  } catch {
    return false;
  }
}

/** Copies plain data as it arrives in another thread: without undefined properties, with null for undefined elements. */
export function copyPlainData(value: unknown): unknown {
  if (value === undefined) return null;
  // Not -0.
  if (value === 0) return 0;
  if (typeof value !== "object" || value === null) return value;
  return Array.isArray(value) ? Array.from(value, copyPlainData) : copyPlainMap(value);
}

function copyPlainMap(object: object): object {
  const copied: Record<string, unknown> = {};
  for (const key of Object.keys(object)) {
    const value = (object as Readonly<Record<string, unknown>>)[key];
    if (value === undefined) continue;
    const part = copyPlainData(value);
    if (key === "__proto__") define(copied, [[key, part]]);
    else copied[key] = part;
  }
  return copied;
}
