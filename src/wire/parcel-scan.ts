import { types } from "node:util";
import { errorText } from "../common/errors.ts";
import { isObject, isPlainObject } from "../common/json-object.ts";
import { NO_LIMITS } from "../values/limits.ts";
import { nativeTag } from "../values/slots.ts";
import { StandIn } from "../values/stand-in.ts";
import { decodeValue, encodeCopy } from "./codec.ts";
import { eachPart, obstacleOf, type PartVisitor, type Step, stepText } from "./parcel-parts.ts";

/** A part of a value cannot cross. `what` describes it, `path` is its place. */
export class PartError extends Error {
  readonly what: string;
  readonly path: string;

  constructor(what: string, path: string, cause?: unknown) {
    super(`${path} is ${what}`, { cause });
    this.what = what;
    this.path = path;
  }
}

/** Whether a value is a primitive, an array, or an object of no class. */
export function isPlain(value: unknown): boolean {
  return !isObject(value) || isPlainObject(value);
}

/** Whether the structured clone takes an object with a tag as it is. */
export function isCloned(object: object): boolean {
  if (types.isAnyArrayBuffer(object) || ArrayBuffer.isView(object)) return true;
  return ["Map", "Set", "Blob", "File", "CryptoKey"].includes(nativeTag(object));
}

/** The clone of such a view would hold the whole memory, with what others have there. Shared memory stays shared. */
function isPartOfMemory(object: object): boolean {
  if (!ArrayBuffer.isView(object) || types.isSharedArrayBuffer(object.buffer)) return false;
  return object.byteLength < object.buffer.byteLength;
}

/** The msgpack of an object that the structured clone would damage; undefined for any other. */
function boxOf(object: object): Uint8Array | undefined {
  if (object instanceof Error || types.isNativeError(object) || object instanceof StandIn) {
    return encodeCopy(object);
  }
  if (Buffer.isBuffer(object) || isPartOfMemory(object)) return encodeCopy(object, NO_LIMITS);
  // Classes of the platform have tags; most keep their state where the clone finds nothing.
  if (isPlain(object) || !(Symbol.toStringTag in object) || isCloned(object)) return undefined;
  const bytes = encodeCopy(object);
  return isPlain(decodeValue(bytes)) ? undefined : bytes;
}

/** A value that travels as msgpack, with the object that stands in its place. */
export type Box = readonly [place: object, bytes: Uint8Array];

/** The place where an object was found first. */
interface Place extends Step {
  readonly parent: object | undefined;
  readonly depth: number;
}

/** Beyond about twice this depth the receiver's stack overflows, and no answer would ever come. */
const MAX_DEPTH = 1000;
const MAX_PATH_LENGTH = 200;

/** Looks at every part of a value once. Throws a {@link PartError} for the first that cannot cross. */
export class Scan implements PartVisitor {
  readonly boxes = new Map<object, Box>();
  readonly #name: string;
  readonly #places = new Map<object, Place>();
  readonly #open: object[] = [];
  #parent: object | undefined;
  #depth = 0;
  #of: Step["of"] = "property";
  #key: unknown;

  /** `name` begins the paths in errors. */
  constructor(value: unknown, name: string) {
    this.#name = name;
    try {
      this.visit(value);
      for (let next = this.#open.pop(); next !== undefined; next = this.#open.pop()) {
        this.#parent = next;
        this.#depth = (this.#places.get(next)?.depth ?? 0) + 1;
        eachPart(next, this);
      }
    } catch (error) {
      throw error instanceof PartError
        ? error
        : this.#refusal(`a value that throws ${errorText(error)}`, error);
    }
  }

  at(of: Step["of"], key: unknown): void {
    this.#of = of;
    this.#key = key;
  }

  visit(part: unknown): void {
    const isObject = typeof part === "object" && part !== null;
    if (!isObject && typeof part !== "function" && typeof part !== "symbol") return;
    if (isObject && this.#places.has(part)) return;
    const what =
      this.#depth > MAX_DEPTH ? `a value nested deeper than ${MAX_DEPTH} levels` : obstacleOf(part);
    if (what !== undefined) throw this.#refusal(what);
    if (isObject) this.#add(part);
  }

  #add(part: object): void {
    this.#places.set(part, this.#here());
    const bytes = boxOf(part);
    if (bytes === undefined) this.#open.push(part);
    else this.boxes.set(part, [{}, bytes]);
  }

  #here(): Place {
    return { parent: this.#parent, depth: this.#depth, of: this.#of, key: this.#key };
  }

  #refusal(what: string, cause?: unknown): PartError {
    let path = "";
    for (
      let at: Place | undefined = this.#here();
      at?.parent !== undefined;
      at = this.#places.get(at.parent)
    ) {
      path = stepText(at) + path;
    }
    const shown = path.length > MAX_PATH_LENGTH ? `${path.slice(0, MAX_PATH_LENGTH)}…` : path;
    return new PartError(what, this.#name + shown, cause);
  }
}
