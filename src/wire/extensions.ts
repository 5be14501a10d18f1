import { type DecoderOptions, decode, type EncoderOptions, ExtData, encode } from "@msgpack/msgpack";
import { StandIn, type StandInReason } from "./stand-in.ts";

/*
 * What msgpack has no form for, as its extension types. Append only: a number keeps its meaning.
 */
const ERROR = 1;
const BIGINT = 2;
const MAP = 3;
const SET = 4;
const DATE = 5;
const REGEXP = 6;
const URL_TEXT = 7;
const BINARY = 8;
const STAND_IN = 9;
/** An object with a key that msgpack refuses to decode, as a list of its entries. */
const ENTRIES = 10;

/**
 * Objects encoded for one event before it counts as too large: a graph in which objects share children can unfold
 * into more than any memory holds.
 */
const MAX_OBJECTS = 250_000;
let objects = 0;

/** Starts counting anew; call before each event. */
export function resetObjectCount(): void {
  objects = 0;
}

export const extensionCodec = { tryToEncode, decode: decodeExtension };
export const MAX_DEPTH = 128;
export const ENCODE_OPTIONS: EncoderOptions = { extensionCodec, ignoreUndefined: true, maxDepth: MAX_DEPTH };
const DECODE_OPTIONS: DecoderOptions = { extensionCodec };

const ERRORS: Readonly<Record<string, ErrorConstructor>> = {
  Error,
  EvalError,
  RangeError,
  ReferenceError,
  SyntaxError,
  TypeError,
  URIError,
};
const UNCLONEABLE = [Promise, WeakMap, WeakSet, WeakRef];

function pack(type: number, value: unknown): ExtData {
  return new ExtData(type, encode(value, ENCODE_OPTIONS));
}

function standIn(reason: StandInReason, text: string): ExtData {
  return pack(STAND_IN, [reason, text]);
}

/** An error's own properties beyond those that every error has, such as `status` or `code`. */
export function errorDetails(error: Error): Record<string, unknown> {
  const { name: _name, message: _message, stack: _stack, cause: _cause, ...details } = error;
  return details;
}

function packError(error: Error): ExtData {
  return pack(ERROR, [error.name, error.message, error.stack, error.cause, errorDetails(error)]);
}

function packBinary(value: ArrayBufferView | ArrayBuffer): ExtData {
  const view = ArrayBuffer.isView(value) ? value : new Uint8Array(value);
  const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
  return pack(BINARY, [Object.prototype.toString.call(value).slice(8, -1), bytes]);
}

/** The extension for an object of a built-in class, or null for one that msgpack writes itself. */
function packObject(value: object): ExtData | null {
  if (value instanceof Error) return packError(value);
  if (value instanceof Date) return pack(DATE, value.getTime());
  if (value instanceof Map) return pack(MAP, [...value]);
  if (value instanceof Set) return pack(SET, [...value]);
  if (value instanceof RegExp) return pack(REGEXP, [value.source, value.flags]);
  if (value instanceof URL) return pack(URL_TEXT, value.href);
  if (value instanceof StandIn) return standIn(value.reason, value.text);
  if (value instanceof Uint8Array) return null;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return packBinary(value);
  if (UNCLONEABLE.some((Class) => value instanceof Class)) {
    return standIn("not cloneable", Object.prototype.toString.call(value));
  }
  return null;
}

function tryToEncode(value: unknown): ExtData | null {
  switch (typeof value) {
    case "function":
      return standIn("function", String(value.name));
    case "symbol":
      return standIn("symbol", value.description ?? "");
    case "bigint":
      return pack(BIGINT, value.toString());
    case "object":
      break;
    default:
      return null;
  }
  objects += 1;
  if (objects > MAX_OBJECTS) throw new RangeError("too many objects");
  if (value === null || Array.isArray(value)) return null;
  if (Object.hasOwn(value, "__proto__")) return pack(ENTRIES, Object.entries(value));
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? null : packObject(value);
}

function unpackError([name, message, stack, cause, details]: [
  string,
  string,
  string | null,
  unknown,
  Record<string, unknown>,
]): Error {
  const ErrorClass = ERRORS[name] ?? Error;
  const error = new ErrorClass(message, cause === null || cause === undefined ? undefined : { cause });
  Object.assign(error, details);
  if (error.name !== name) Object.defineProperty(error, "name", { value: name, configurable: true });
  if (stack !== null) error.stack = stack;
  return error;
}

/** Classes of binary data by the name that crosses. */
const BINARY_CLASSES: Readonly<Record<string, new (buffer: ArrayBuffer) => ArrayBufferView>> = {
  DataView,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
};

function unpackBinary([name, bytes]: [string, Uint8Array]): unknown {
  const { buffer } = bytes.slice();
  const Class = BINARY_CLASSES[name];
  return Class === undefined ? buffer : new Class(buffer as ArrayBuffer);
}

function unpackEntries(entries: readonly [string, unknown][]): Record<string, unknown> {
  const object: Record<string, unknown> = {};
  for (const [key, value] of entries) {
    // Assigning to __proto__ would replace the prototype instead of making a key.
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  }
  return object;
}

// Each unpacker gets what its packer above wrote; the cast is the seam between bytes and types.
const UNPACK: Readonly<Record<number, (content: never) => unknown>> = {
  [ERROR]: unpackError,
  [BIGINT]: (digits: string) => BigInt(digits),
  [MAP]: (entries: [unknown, unknown][]) => new Map(entries),
  [SET]: (values: unknown[]) => new Set(values),
  [DATE]: (millis: number) => new Date(millis),
  [REGEXP]: ([source, flags]: [string, string]) => new RegExp(source, flags),
  [URL_TEXT]: (href: string) => new URL(href),
  [BINARY]: unpackBinary,
  [STAND_IN]: ([reason, text]: [StandInReason, string]) => new StandIn(reason, text),
  [ENTRIES]: unpackEntries,
};

function decodeExtension(bytes: Uint8Array, type: number): unknown {
  const unpack = UNPACK[type];
  if (unpack === undefined) return new ExtData(type, bytes);
  return unpack(decode(bytes, DECODE_OPTIONS) as never);
}
