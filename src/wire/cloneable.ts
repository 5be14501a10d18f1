import { errorDetails, MAX_DEPTH } from "./extensions.ts";
import { StandIn } from "./stand-in.ts";

/** Deeper than this a value is cut; leaves room for what wraps an argument on its way. */
const MAX_CLONE_DEPTH = MAX_DEPTH - 28;
/** Properties and elements copied for one event. */
const MAX_VALUES = 250_000;

interface Walk {
  readonly ancestors: object[];
  values: number;
}

function read(object: object, key: PropertyKey, walk: Walk): unknown {
  try {
    return copy(Reflect.get(object, key), walk);
  } catch (error) {
    return new StandIn("unreadable", error instanceof Error ? error.message : "");
  }
}

function copyError(error: Error, walk: Walk): Error {
  const copied = new Error(String(error.message), { cause: copy(error.cause, walk) });
  copied.name = String(error.name);
  copied.stack = String(error.stack);
  return Object.assign(copied, copyProperties(errorDetails(error), walk));
}

function copyProperties(object: object, walk: Walk): Record<string, unknown> {
  const copied: Record<string, unknown> = {};
  for (const key of Object.keys(object)) {
    const value = read(object, key, walk);
    Object.defineProperty(copied, key, { value, writable: true, enumerable: true, configurable: true });
  }
  return copied;
}

function copyObject(object: object, walk: Walk): unknown {
  if (Array.isArray(object)) return Array.from({ length: object.length }, (_, i) => read(object, i, walk));
  if (object instanceof Map) return new Map([...object].map(([k, v]) => [copy(k, walk), copy(v, walk)]));
  if (object instanceof Set) return new Set([...object].map((value) => copy(value, walk)));
  if (object instanceof Error) return copyError(object, walk);
  const prototype: unknown = Object.getPrototypeOf(object);
  const isBuiltIn = object instanceof Date || object instanceof RegExp || object instanceof URL;
  const isBinary = ArrayBuffer.isView(object) || object instanceof ArrayBuffer;
  if (isBuiltIn || isBinary || object instanceof StandIn || prototype === Promise.prototype) return object;
  return copyProperties(object, walk);
}

function copy(value: unknown, walk: Walk): unknown {
  walk.values += 1;
  if (walk.values > MAX_VALUES) return new StandIn("too large", "");
  if (typeof value === "function") return new StandIn("function", "");
  if (typeof value !== "object" || value === null) return value;
  if (walk.ancestors.includes(value)) return new StandIn("cycle", "");
  if (walk.ancestors.length >= MAX_CLONE_DEPTH) return new StandIn("too deep", "");
  walk.ancestors.push(value);
  try {
    return copyObject(value, walk);
  } catch (error) {
    return new StandIn("unreadable", error instanceof Error ? error.message : "");
  } finally {
    walk.ancestors.pop();
  }
}

/**
 * A copy of a value that encodes for certain: cycles, what is too deep or too large, and what throws when
 * it is read are replaced by {@link StandIn}s. Slower than encoding, so only for values that failed to encode.
 */
export function cloneable(value: unknown): unknown {
  return copy(value, { ancestors: [], values: 0 });
}
