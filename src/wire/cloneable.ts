import { types } from "node:util";
import { ExactEntries, exact, isFragile } from "./exact-text.ts";
import { define, errorDetailKeys } from "./own-properties.ts";
import { ERROR_WEIGHT, MAX_DEPTH, MAX_ELEMENTS, MAX_OBJECTS, packLeaf } from "./pack.ts";
import { StandIn } from "./stand-in.ts";

/** Values are cut below this depth; it leaves levels for the arrays and objects that an argument is wrapped in. */
const MAX_CLONE_DEPTH = MAX_DEPTH - 28;

type Entry = readonly [string, unknown];

interface Walk {
  readonly ancestors: object[];
  objects: number;
  elements: number;
}

function unreadable(error: unknown): StandIn {
  return new StandIn("unreadable", error instanceof Error ? String(error.message) : "");
}

function read(object: object, key: PropertyKey, walk: Walk): unknown {
  try {
    return copy(Reflect.get(object, key), walk);
  } catch (error) {
    return unreadable(error);
  }
}

/** Copies `length` parts. Beyond the limits one stand-in, wrapped by `cut`, gives the number of missing parts. */
function copyAll<T>(
  length: number,
  walk: Walk,
  copyPart: (i: number) => T,
  cut: (standIn: StandIn) => T,
): T[] {
  const copied: T[] = [];
  for (let i = 0; i < length; i += 1) {
    if (walk.objects >= MAX_OBJECTS || walk.elements >= MAX_ELEMENTS) {
      copied.push(cut(new StandIn("too large", `${length - i} more`)));
      break;
    }
    walk.elements += 1;
    copied.push(copyPart(i));
  }
  return copied;
}

function copyList(length: number, walk: Walk, copyPart: (i: number) => unknown): unknown[] {
  return copyAll(length, walk, copyPart, (standIn) => standIn);
}

function copyEntries(object: object, keys: readonly string[], walk: Walk): Entry[] {
  const copyEntry = (i: number): Entry => [keys[i] ?? "", read(object, keys[i] ?? "", walk)];
  return copyAll(keys.length, walk, copyEntry, (standIn) => ["…", standIn]);
}

function copyProperties(object: object, walk: Walk): unknown {
  const entries = copyEntries(object, Object.keys(object), walk);
  return entries.some(([key]) => isFragile(key)) ? new ExactEntries(entries) : define({}, entries);
}

function copyMap(map: Map<unknown, unknown>, walk: Walk): Map<unknown, unknown> {
  const entries = [...Map.prototype.entries.call(map)];
  const copyEntry = (i: number) => [copy(entries[i]?.[0], walk), copy(entries[i]?.[1], walk)] as const;
  return new Map(copyAll(entries.length, walk, copyEntry, (standIn) => ["…", standIn]));
}

function copySet(set: Set<unknown>, walk: Walk): Set<unknown> {
  const values = [...Set.prototype.values.call(set)];
  return new Set(copyList(values.length, walk, (i) => copy(values[i], walk)));
}

function copyError(error: Error, walk: Walk): Error {
  walk.objects += ERROR_WEIGHT - 1;
  const copied = new Error(String(error.message));
  const { name, stack } = error;
  Object.defineProperty(copied, "stack", { value: stack === undefined ? undefined : String(stack) });
  copied.name = String(name);
  copied.cause = read(error, "cause", walk);
  define(copied, copyEntries(error, errorDetailKeys(error), walk));
  // Last: assigning to a name that a class defines as a getter would fail.
  return Object.setPrototypeOf(copied, Object.getPrototypeOf(error));
}

function isOrdinary(object: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(object);
  return prototype === Object.prototype || prototype === null;
}

function copyObject(object: object, walk: Walk): unknown {
  walk.objects += 1;
  if (Array.isArray(object)) return copyList(object.length, walk, (i) => read(object, i, walk));
  if (isOrdinary(object)) return copyProperties(object, walk);
  if (object instanceof Map) return copyMap(object, walk);
  if (object instanceof Set) return copySet(object, walk);
  if (object instanceof Error) return copyError(object, walk);
  // A proxy may have a built-in class's prototype, but never its internal slots.
  if (types.isProxy(object)) return copyProperties(object, walk);
  return packLeaf(object) === null ? copyProperties(object, walk) : object;
}

function functionName(value: { readonly name?: unknown }): string {
  try {
    return String(value.name);
  } catch {
    return "";
  }
}

function copy(value: unknown, walk: Walk): unknown {
  if (typeof value === "string") return exact(value);
  if (typeof value === "function") return new StandIn("function", functionName(value));
  if (typeof value !== "object" || value === null) return value;
  if (walk.ancestors.includes(value)) return new StandIn("cycle", "");
  if (walk.ancestors.length >= MAX_CLONE_DEPTH) return new StandIn("too deep", "");
  walk.ancestors.push(value);
  try {
    return copyObject(value, walk);
  } catch (error) {
    return unreadable(error);
  } finally {
    walk.ancestors.pop();
  }
}

/**
 * Copies a value so that the copy always encodes: {@link StandIn}s replace cycles, parts that are too deep or too large,
 * and parts that throw when they are read; texts that msgpack would change are marked. Reads every part once. Slower than
 * encoding, so only for values that failed to encode.
 */
export function cloneable(value: unknown): unknown {
  return copy(value, { ancestors: [], objects: 0, elements: 0 });
}
