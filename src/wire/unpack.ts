import { Decoder, type DecoderOptions, decode, ExtData } from "@msgpack/msgpack";
import { reviveError } from "./errors.ts";
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
import { define } from "./own-properties.ts";
import { StandIn, type StandInReason } from "./stand-in.ts";

/** Classes of binary data by their names on the wire. */
const BINARY_CLASSES: ReadonlyMap<string, new (buffer: ArrayBuffer) => ArrayBufferView> = new Map(
  [
    DataView,
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
  ].map((Class) => [Class.name, Class]),
);

function unpackBinary([name, bytes]: [string, Uint8Array]): unknown {
  // Not `slice`, which of a Buffer gives a view of memory that others use.
  const { buffer } = new Uint8Array(bytes);
  const Class = BINARY_CLASSES.get(name);
  return Class === undefined ? buffer : new Class(buffer);
}

function unpackEntries(flat: readonly unknown[]): object {
  const object = {};
  for (let i = 0; i < flat.length; i += 2) define(object, [[String(flat[i]), flat[i + 1]]]);
  return object;
}

function unpackText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf16le");
}

// Each unpacker gets what its packer in pack.ts wrote; the casts are the seam between bytes and types.
const UNPACK: Readonly<Record<number, (content: never) => unknown>> = {
  [ERROR]: reviveError,
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
  if (type === EXACT_TEXT) return unpackText(bytes);
  const unpack = UNPACK[type];
  if (unpack === undefined) return new ExtData(type, bytes);
  try {
    return unpack(decode(bytes, OPTIONS) as never);
  } catch (error) {
    // For example the address of an object that is a URL by its prototype alone.
    return new StandIn("unreadable", error instanceof Error ? error.message : "");
  }
}

const OPTIONS: DecoderOptions = {
  extensionCodec: { tryToEncode: () => null, decode: decodeExtension },
};

export const decoder = new Decoder(OPTIONS);
