import { Decoder, type DecoderOptions, decode, ExtData } from "@msgpack/msgpack";
import { define } from "../common/own-properties.ts";
import { StandIn, type StandInReason, unreadable } from "../values/stand-in.ts";
import { binaryOf } from "./binary-classes.ts";
import { reviveError } from "./errors.ts";
import {
  BIGINT,
  BINARY,
  DATE,
  ENTRIES,
  ERROR,
  EXACT_TEXT,
  HEADERS,
  MAP,
  MATCH,
  REGEXP,
  SET,
  STAND_IN,
  TEMPORAL,
  URL_PARAMETERS,
  URL_TEXT,
} from "./extension-types.ts";

/** Keys and values in a flat list, as pairs. */
function* pairsOf(flat: readonly unknown[]): Generator<[unknown, unknown]> {
  for (let i = 0; i < flat.length; i += 2) yield [flat[i], flat[i + 1]];
}

function unpackEntries(flat: readonly unknown[]): object {
  const object = {};
  for (const [key, value] of pairsOf(flat)) define(object, [[String(key), value]]);
  return object;
}

/** Shows the entries of a collection of texts as its own properties: else its JSON, and what inspects it, show nothing. */
function showing<T extends Headers | URLSearchParams>(collection: T): T {
  collection.forEach((value, name) => {
    if (!(name in collection)) define(collection, [[name, value]]);
  });
  return collection;
}

function unpackHeaders(flat: readonly unknown[]): Headers {
  const headers = new Headers();
  for (const [name, value] of pairsOf(flat)) headers.append(String(name), String(value));
  return showing(headers);
}

type Match = [list: unknown[], index: number, input: unknown, groups: unknown, indices: unknown];

function unpackMatch([list, index, input, groups, indices]: Match): unknown {
  const match = Object.assign(list, { index, input, groups: groups ?? undefined });
  return indices === null ? match : Object.assign(match, { indices });
}

interface TemporalClass {
  from(text: string): unknown;
}

function unpackTemporal([tag, text]: [string, string]): unknown {
  const all: Readonly<Record<string, TemporalClass>> = Reflect.get(globalThis, "Temporal");
  return all[tag.slice("Temporal.".length)]?.from(text) ?? text;
}

type WireStandIn = [reason: StandInReason, text: string, details?: Readonly<Record<string, unknown>>];

type Unpackers = Readonly<Record<number, (content: never) => unknown>>;

// Each unpacker gets what the packer wrote; the casts are the seam between bytes and types.
const UNPACK: Unpackers = {
  [ERROR]: reviveError,
  [BIGINT]: (digits: string) => BigInt(digits),
  [MAP]: (flat: unknown[]) => new Map(pairsOf(flat)),
  [SET]: (values: unknown[]) => new Set(values),
  [DATE]: ([millis]: [number]) => new Date(millis),
  [REGEXP]: ([source, flags]: [string, string]) => new RegExp(source, flags),
  [URL_TEXT]: ([href]: [string]) => new URL(href),
  [URL_PARAMETERS]: ([text]: [string]) => showing(new URLSearchParams(text)),
  [HEADERS]: unpackHeaders,
  [TEMPORAL]: unpackTemporal,
  [MATCH]: unpackMatch,
  [STAND_IN]: (standIn: WireStandIn) => new StandIn(...standIn),
  [ENTRIES]: unpackEntries,
};

/** As texts and plain objects: those of the platform's objects that `structuredClone` refuses. */
const UNPACK_CLONEABLE: Unpackers = {
  ...UNPACK,
  [URL_TEXT]: ([href]: [string]) => href,
  [URL_PARAMETERS]: ([text]: [string]) => text,
  [HEADERS]: unpackEntries,
  [TEMPORAL]: ([, text]: [string, string]) => text,
};

/** Extensions whose content is no msgpack. */
function unpackRaw(bytes: Uint8Array, type: number): unknown {
  if (type === BINARY) return binaryOf(bytes[0] ?? 0, bytes.subarray(1));
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf16le");
}

function optionsWith(unpackers: Unpackers): DecoderOptions {
  function decodeExtension(bytes: Uint8Array, type: number): unknown {
    const unpack = unpackers[type];
    const isRaw = type === BINARY || type === EXACT_TEXT;
    if (unpack === undefined && !isRaw) return new ExtData(type, bytes);
    try {
      return unpack === undefined ? unpackRaw(bytes, type) : unpack(decode(bytes, options) as never);
    } catch (error) {
      // For example the address of an object that is a URL by its tag alone.
      return unreadable(error);
    }
  }
  const options = { extensionCodec: { tryToEncode: () => null, decode: decodeExtension } };
  return options;
}

export const decoder = new Decoder(optionsWith(UNPACK));
export const cloneableDecoder = new Decoder(optionsWith(UNPACK_CLONEABLE));
