import { types } from "node:util";
import { SidecallError } from "../common/errors.ts";
import { define } from "../common/own-properties.ts";
import { decodeValue } from "./codec.ts";
import { type Box, isCloned, isPlain, PartError, Scan } from "./parcel-scan.ts";

/*
 * Arguments and results of remote calls. The structured clone of `postMessage` carries them, since it keeps cycles, shared
 * memory and undefined; but it loses the class and fields of errors, and empties a URL. Such values travel as msgpack beside
 * it: an empty object stands in the place of each, and is exchanged on arrival.
 */

/** A value as it is posted. */
export interface Parcel {
  readonly value: unknown;
  /** Values that travel as msgpack, with the objects that stand in their places. */
  readonly boxes: readonly Box[];
  /** The objects in `value` that hold such places. */
  readonly holders: readonly object[];
}

/** Names a parcel's values in errors. */
export interface Contents {
  readonly handler: string;
  readonly method: string;
  readonly role: "arguments" | "result";
}

/** Copies what holds boxes, directly or not, and puts the places of the boxes into the copy. */
class Copier {
  readonly holders = new Set<object>();
  readonly #boxes: ReadonlyMap<object, Box>;
  readonly #copies = new Map<object, object>();

  constructor(boxes: ReadonlyMap<object, Box>) {
    this.#boxes = boxes;
  }

  copy(value: unknown, holder?: object): unknown {
    if (typeof value !== "object" || value === null) return value;
    const box = this.#boxes.get(value);
    if (box !== undefined) {
      if (holder !== undefined) this.holders.add(holder);
      return box[0];
    }
    return this.#copies.get(value) ?? this.#copyObject(value);
  }

  #copyObject(object: object): object {
    const copied = emptyLike(object);
    if (copied === undefined) return object;
    this.#copies.set(object, copied);
    if (copied instanceof Map) {
      for (const [key, value] of object as Map<unknown, unknown>) {
        copied.set(this.copy(key, copied), this.copy(value, copied));
      }
    } else if (copied instanceof Set) {
      for (const member of object as Set<unknown>) copied.add(this.copy(member, copied));
    } else {
      define(
        copied,
        Object.keys(object).map((key) => [key, this.copy(Reflect.get(object, key), copied)]),
      );
    }
    return copied;
  }
}

/** An empty object for a copy's parts; undefined for an object whose parts are not its properties. */
function emptyLike(object: object): object | undefined {
  if (types.isMap(object)) return new Map();
  if (types.isSet(object)) return new Set();
  if (Array.isArray(object)) return new Array(object.length);
  if (types.isBoxedPrimitive(object) || isCloned(object)) return undefined;
  return isPlain(object) || Object.keys(object).length > 0 ? {} : undefined;
}

export function valueError(contents: Contents, got: string, cause?: unknown): SidecallError {
  const { handler, method, role } = contents;
  const help =
    role === "result"
      ? "Return data, such as an array of what an iterator gives."
      : "Pass data, without functions.";
  return new SidecallError(
    "SIDECALL_REMOTE_VALUE",
    `Expected the ${role} of \`${method}\` of handler ${handler} to be data that can cross to another thread, got ${got}. ${help}`,
    cause,
  );
}

/** Makes a value ready for `postMessage`. Throws SIDECALL_REMOTE_VALUE for functions, iterators and their like in it. */
export function packParcel(value: unknown, contents: Contents): Parcel {
  const boxes = boxesIn(value, contents);
  if (boxes.size === 0) return { value, boxes: [], holders: [] };
  const copier = new Copier(boxes);
  return { value: copier.copy(value), boxes: [...boxes.values()], holders: [...copier.holders] };
}

function boxesIn(value: unknown, contents: Contents): ReadonlyMap<object, Box> {
  try {
    return new Scan(value, contents.role === "result" ? "result" : "args").boxes;
  } catch (error) {
    if (!(error instanceof PartError)) throw error;
    throw valueError(contents, `${error.what} at \`${error.path}\``, error.cause);
  }
}

/** The value that was packed. */
export function unpackParcel({ value, boxes, holders }: Parcel): unknown {
  const contents = new Map<unknown, unknown>(boxes.map(([place, bytes]) => [place, decodeValue(bytes)]));
  const contentOf = (part: unknown) => (contents.has(part) ? contents.get(part) : part);
  for (const holder of holders) exchange(holder, contentOf);
  return contentOf(value);
}

function exchange(holder: object, contentOf: (part: unknown) => unknown): void {
  if (holder instanceof Map) {
    const entries = [...holder];
    holder.clear();
    for (const [key, value] of entries) holder.set(contentOf(key), contentOf(value));
  } else if (holder instanceof Set) {
    const members = [...holder];
    holder.clear();
    for (const member of members) holder.add(contentOf(member));
  } else {
    define(
      holder,
      Object.keys(holder).map((key) => [key, contentOf(Reflect.get(holder, key))]),
    );
  }
}
