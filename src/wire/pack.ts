import { types } from "node:util";
import { type EncoderOptions, ExtData } from "@msgpack/msgpack";
import { errorClasses } from "./errors.ts";
import { ExactEntries, ExactText, exact } from "./exact-text.ts";
import {
  BIGINT,
  BINARY,
  DATE,
  ENTRIES,
  ERROR,
  EXACT_TEXT,
  MAP,
  REGEXP,
  SET,
  STAND_IN,
  URL_TEXT,
} from "./extension-types.ts";
import { define, errorDetailKeys } from "./own-properties.ts";
import { StandIn } from "./stand-in.ts";
import { TextPackingEncoder } from "./text-packing-encoder.ts";

/*
 * Packs values that msgpack has no form for as extensions. A value that cannot be encoded safely in one walk throws;
 * cloneable.ts then makes a copy that encodes.
 */

/**
 * Limits of objects, and of array elements, per event: a graph in which objects share children can unfold to more than
 * fits into memory.
 */
export const MAX_OBJECTS = 250_000;
export const MAX_ELEMENTS = 2 ** 22;
/** Number of objects that an error counts as: its stack makes it large. */
export const ERROR_WEIGHT = 25;
export const MAX_DEPTH = 128;
/** An encoder that grew beyond this is not kept: one huge event would pin its memory for good. */
const MAX_KEPT_BYTES = 1024 * 1024;

// Undefined properties are left out by hand: msgpack's own option reads each property twice, and a getter's value may change.
const OPTIONS: EncoderOptions = { extensionCodec: { tryToEncode, decode: () => null }, maxDepth: MAX_DEPTH };
const UNCLONEABLE = [Promise, WeakMap, WeakSet, WeakRef];
const arrayIterator = Array.prototype[Symbol.iterator];

/** One encoder per level of nested extensions: constructing one costs more than encoding most values. */
const encoders: TextPackingEncoder[] = [];
let level = 0;
let objects = 0;
let elements = 0;

function encodeNested(value: unknown): Uint8Array {
  const encoder = encoders[level] ?? new TextPackingEncoder(OPTIONS);
  // Removed until it has succeeded: a failed encoder may be left in any state.
  delete encoders[level];
  level += 1;
  try {
    const bytes = encoder.encodeSharedRef(value);
    if (bytes.buffer.byteLength <= MAX_KEPT_BYTES) encoders[level - 1] = encoder;
    return bytes;
  } finally {
    level -= 1;
  }
}

/** Encodes a value as msgpack, in memory that the next call overwrites. Throws if the value needs a copy. */
export function encode(value: unknown): Uint8Array {
  objects = 0;
  elements = 0;
  return encodeNested(value);
}

/** Encodes a value that is known to be finite, such as a copy by cloneable.ts, without counting. */
export function encodeUncounted(value: unknown): Uint8Array {
  objects = Number.NEGATIVE_INFINITY;
  elements = Number.NEGATIVE_INFINITY;
  return encodeNested(value);
}

function pack(type: number, value: unknown): ExtData {
  return new ExtData(type, encodeNested(value));
}

function packError(error: Error): ExtData {
  objects += ERROR_WEIGHT - 1;
  const { name, message, stack, cause } = error;
  const text = stack === undefined ? null : exact(String(stack));
  const details = define(
    {},
    errorDetailKeys(error).map((key) => [key, Reflect.get(error, key)]),
  );
  return pack(ERROR, [
    exact(String(name)),
    exact(String(message)),
    text,
    cause,
    details,
    errorClasses(error),
  ]);
}

function packBinary(value: ArrayBufferView | ArrayBufferLike): ExtData {
  const bytes = ArrayBuffer.isView(value)
    ? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    : new Uint8Array(value);
  return pack(BINARY, [Object.prototype.toString.call(value).slice(8, -1), bytes]);
}

function packStandIn({ reason, text }: StandIn): ExtData {
  return pack(STAND_IN, [reason, exact(text)]);
}

/** Packs an object of a built-in class without parts to walk; null for any other. Throws if it only claims to be one. */
export function packLeaf(value: object): ExtData | null {
  if (value instanceof Date) return pack(DATE, Date.prototype.getTime.call(value));
  if (value instanceof RegExp) return pack(REGEXP, [exact(value.source), value.flags]);
  if (value instanceof URL) return pack(URL_TEXT, value.href);
  if (value instanceof StandIn) return packStandIn(value);
  if (value instanceof ExactText) return new ExtData(EXACT_TEXT, Buffer.from(value.text, "utf16le"));
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return packBinary(value);
  if (UNCLONEABLE.some((Class) => value instanceof Class)) {
    return packStandIn(new StandIn("not cloneable", Object.prototype.toString.call(value)));
  }
  return null;
}

/** Packs an object of a built-in class with parts to walk; null for any other. */
function packContainer(value: object): ExtData | null {
  if (value instanceof Error) return packError(value);
  if (value instanceof Map) return pack(MAP, [...Map.prototype.entries.call(value)]);
  if (value instanceof Set) return pack(SET, [...Set.prototype.values.call(value)]);
  if (value instanceof ExactEntries) return packExactEntries(value);
  return null;
}

function packExactEntries({ entries }: ExactEntries): ExtData {
  return pack(
    ENTRIES,
    entries.flatMap(([key, value]) => [exact(key), value]),
  );
}

/** Whether an object survives plain msgpack, which refuses `__proto__` and has no undefined. */
function isPlainMap(value: Readonly<Record<string, unknown>>): boolean {
  // Inherited properties are checked too: faster than checking for own ones, and a false alarm costs only time.
  for (const key in value) {
    if (key === "__proto__" || value[key] === undefined) return false;
  }
  return true;
}

function packEntries(value: object): ExtData {
  const flat: unknown[] = [];
  for (const [key, each] of Object.entries(value)) if (each !== undefined) flat.push(key, each);
  return pack(ENTRIES, flat);
}

function packObject(value: object): ExtData | null {
  objects += 1;
  if (objects > MAX_OBJECTS) throw new RangeError("too many objects");
  if (types.isProxy(value)) throw new TypeError("a proxy may answer differently each time");
  if (Array.isArray(value)) {
    elements += value.length;
    if (elements > MAX_ELEMENTS) throw new RangeError("too many elements");
    if (value[Symbol.iterator] !== arrayIterator) throw new TypeError("an array with an iterator of its own");
    return null;
  }
  if (value instanceof Uint8Array) return null;
  const prototype: unknown = Object.getPrototypeOf(value);
  const isPlain = prototype === Object.prototype || prototype === null;
  const ext = isPlain ? null : (packContainer(value) ?? packLeaf(value));
  return ext ?? (isPlainMap(value as Record<string, unknown>) ? null : packEntries(value));
}

/** Called by msgpack for each object, function, symbol and bigint. */
function tryToEncode(value: unknown): ExtData | null {
  switch (typeof value) {
    case "function":
      return packStandIn(new StandIn("function", String(value.name)));
    case "symbol":
      return packStandIn(new StandIn("symbol", value.description ?? ""));
    case "bigint":
      return pack(BIGINT, value.toString());
    case "object":
      return value === null ? null : packObject(value);
    default:
      return null;
  }
}
