import { types } from "node:util";
import { StandIn } from "./stand-in.ts";

/*
 * The rule by which an object crosses to another thread, or into a trace; it stands here once. In this order:
 *
 *   1. built-in classes and those of the platform cross as themselves, whatever realm made them ("map", "error", …);
 *   2. those that cannot cross, such as promises and streams, as a marked stand-in ("opaque");
 *   3. data classes, whose fields handlers read (messages, prompt values), as their own fields ("data");
 *   4. an object with a `toJSON` as the result of that ("json"): what it hides stays hidden;
 *   5. every other object as its own enumerable properties ("fields").
 *
 * Classes are recognised by what an object is or by its tag, since `instanceof` alone knows one realm.
 */
export type Kind =
  | "list"
  | "match"
  | "fields"
  | "data"
  | "json"
  | "date"
  | "map"
  | "set"
  | "error"
  | "binary"
  | "regexp"
  | "boxed"
  | "url"
  | "parameters"
  | "headers"
  | "temporal"
  | "opaque"
  | "standIn";

/** The name that an object's class gives itself by `Symbol.toStringTag`. */
export function tagOf(value: object): string | undefined {
  const tag: unknown = Reflect.get(value, Symbol.toStringTag);
  return typeof tag === "string" ? tag : undefined;
}

/** The method of this name, if it has one. */
export function methodOf(value: object, name: string): ((...args: unknown[]) => unknown) | undefined {
  const method: unknown = Reflect.get(value, name);
  return typeof method === "function" ? (method as (...args: unknown[]) => unknown) : undefined;
}

/** Classes of objects that hold something open, or whose content can only be waited for. */
const OPAQUE_TAG =
  /^(?:Promise|Weak(?:Map|Set|Ref)|(?:Async)?Generator|.*Iterator(?: Helper)?|(?:Readable|Writable|Transform)(?:Byte)?Stream.*|Response|Request|Blob|File|FormData|AbortSignal|AbortController|EventTarget|CryptoKey|Message(?:Port|Channel)|BroadcastChannel|FinalizationRegistry)$/;

function isStream(value: object): boolean {
  return methodOf(value, "pipe") !== undefined && methodOf(value, "on") !== undefined;
}

function isOpaque(value: object, tag: string | undefined): boolean {
  if (types.isPromise(value) || types.isWeakMap(value) || types.isWeakSet(value)) return true;
  if (types.isGeneratorObject(value) || value instanceof Promise) return true;
  return (tag !== undefined && OPAQUE_TAG.test(tag)) || isStream(value);
}

const TypedArray: unknown = Object.getPrototypeOf(Uint8Array);

function isBinary(value: object): boolean {
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return true;
  return value instanceof (TypedArray as typeof Uint8Array) || value instanceof ArrayBuffer;
}

/** Kind of an object of a built-in class. An object that is one by its prototype alone counts too: reading it throws. */
function builtInKind(value: object): Kind | undefined {
  if (types.isNativeError(value) || value instanceof Error) return "error";
  if (types.isDate(value) || value instanceof Date) return "date";
  if (types.isMap(value) || value instanceof Map) return "map";
  if (types.isSet(value) || value instanceof Set) return "set";
  if (isBinary(value)) return "binary";
  if (types.isRegExp(value) || value instanceof RegExp) return "regexp";
  if (types.isBoxedPrimitive(value)) return "boxed";
  if (value instanceof StandIn) return "standIn";
  return undefined;
}

/** Kind of an object of one of the platform's classes. Those of other implementations, such as polyfills, count too. */
function platformKind(value: object, tag: string | undefined): Kind | undefined {
  if (tag === "DOMException") return "error";
  if (tag === "URL" && typeof Reflect.get(value, "href") === "string") return "url";
  if (tag === "URLSearchParams" && methodOf(value, "getAll") !== undefined) return "parameters";
  if (tag === "Headers" && methodOf(value, "forEach") !== undefined) return "headers";
  if (tag?.startsWith("Temporal.") === true && "Temporal" in globalThis) return "temporal";
  return undefined;
}

/** LangChain's messages have a type and content, its prompt values give messages; its other classes are configuration. */
function isDataClass(value: object): boolean {
  if (Reflect.get(value, "lc_namespace") === undefined) return false;
  if (methodOf(value, "toChatMessages") !== undefined) return true;
  return "content" in value && messageType(value) !== undefined;
}

/** The type of one of LangChain's messages, which older versions keep in a method alone. */
export function messageType(value: object): unknown {
  const method = methodOf(value, "getType") ?? methodOf(value, "_getType");
  return method?.call(value);
}

function ownKind(value: object): Kind {
  if (isDataClass(value)) return "data";
  return methodOf(value, "toJSON") === undefined ? "fields" : "json";
}

/** Prototypes of classes that are none of the built-in, platform's and opaque ones: looked at once, not for each instance. */
const ownClasses = new WeakSet<object>();

function classKind(value: object, prototype: object): Kind {
  if (ownClasses.has(prototype)) return ownKind(value);
  const builtIn = builtInKind(value);
  if (builtIn !== undefined) return builtIn;
  const tag = tagOf(value);
  const kind = platformKind(value, tag) ?? (isOpaque(value, tag) ? "opaque" : undefined);
  if (kind !== undefined) return kind;
  // A proxy shows the prototype of another object, but is none of its class.
  if (!types.isProxy(value)) ownClasses.add(prototype);
  return ownKind(value);
}

function listKind(list: readonly unknown[]): Kind {
  if (methodOf(list, "toJSON") !== undefined) return "json";
  const { index, input }: { index?: unknown; input?: unknown } = list as object;
  return typeof index === "number" && typeof input === "string" ? "match" : "list";
}

/** Returns what an object crosses as. Throws what its own getters, or a proxy's traps, throw. */
export function kindOf(value: object): Kind {
  if (Array.isArray(value)) return listKind(value);
  const prototype: object | null = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) {
    const { toJSON }: { toJSON?: unknown } = value;
    return typeof toJSON === "function" ? "json" : "fields";
  }
  return classKind(value, prototype);
}

/** Whether an object without properties of its own is one of the platform's, which would cross as an empty one. */
export function isHollow(value: object): boolean {
  const tag = tagOf(value);
  return tag !== undefined && tag !== "Object" && tag !== "Module";
}

/** The name of an object's class; "" for none. */
export function className(value: object): string {
  const prototype: { constructor?: unknown } | null = Object.getPrototypeOf(value);
  const Class = prototype?.constructor;
  return typeof Class === "function" ? String(Class.name) : "";
}
