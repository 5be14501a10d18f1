import { types } from "node:util";

/*
 * The parts of a value, and the kinds of values, as the structured clone of `postMessage` sees them.
 */

/** A way from an object to a part of it. */
export interface Step {
  readonly of: "property" | "map key" | "map value" | "member";
  /** Name, index, or key of a map. */
  readonly key: unknown;
}

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;
const INDEX = /^\d+$/;

/** A step as JavaScript would write it: `.name`, `[0]`, `.get("key")`. */
export function stepText({ of, key }: Step): string {
  if (of === "member") return `.values()[${String(key)}]`;
  if (of === "map key") return `.keys()[${String(key)}]`;
  if (of === "map value") return `.get(${typeof key === "object" ? "…" : inQuotes(key)})`;
  const name = String(key);
  return INDEX.test(name) ? `[${name}]` : IDENTIFIER.test(name) ? `.${name}` : `[${inQuotes(name)}]`;
}

function inQuotes(key: unknown): string {
  return typeof key === "string" ? JSON.stringify(key) : String(key);
}

/** Arrays beyond this length are listed by their keys: they may be nothing but holes. */
const MAX_COUNTED_LENGTH = 2 ** 20;

/** Goes along the steps from an object to its parts. `at` comes before a part is read, which may throw. */
export interface PartVisitor {
  at(of: Step["of"], key: unknown): void;
  visit(part: unknown): void;
}

export function eachPart(object: object, visitor: PartVisitor): void {
  if (types.isMap(object)) visitMap(object, visitor);
  else if (types.isSet(object)) visitSet(object, visitor);
  else if (Array.isArray(object) && object.length <= MAX_COUNTED_LENGTH) {
    for (let i = 0; i < object.length; i += 1) visitProperty(object, i, visitor);
  } else if (!ArrayBuffer.isView(object) && !types.isBoxedPrimitive(object)) {
    for (const key of Object.keys(object)) visitProperty(object, key, visitor);
  }
}

function visitProperty(object: object, key: string | number, visitor: PartVisitor): void {
  visitor.at("property", key);
  visitor.visit(Reflect.get(object, key));
}

function visitMap(map: Map<unknown, unknown>, visitor: PartVisitor): void {
  let index = 0;
  for (const [key, value] of Map.prototype.entries.call(map)) {
    visitor.at("map key", index);
    visitor.visit(key);
    visitor.at("map value", key);
    visitor.visit(value);
    index += 1;
  }
}

function visitSet(set: Set<unknown>, visitor: PartVisitor): void {
  let index = 0;
  for (const member of Set.prototype.values.call(set)) {
    visitor.at("member", index);
    visitor.visit(member);
    index += 1;
  }
}

function hasMethod(object: object, key: PropertyKey): boolean {
  return typeof Reflect.get(object, key) === "function";
}

/** Objects that no thread can have but their own, by a test or by the name of their class. */
const OBSTACLES: readonly (readonly [what: string, is: (object: object) => boolean])[] = [
  ["a proxy", types.isProxy],
  ["a promise", (object) => types.isPromise(object) || hasMethod(object, "then")],
  ["a generator", types.isGeneratorObject],
  [
    "a stream",
    // Runnables and schemas have a `pipe`, too.
    (object) =>
      (hasMethod(object, "pipe") && hasMethod(object, "on")) ||
      hasMethod(object, "getReader") ||
      hasMethod(object, "getWriter"),
  ],
  ["an iterator", (object) => hasMethod(object, "next")],
  ["an async iterable", (object) => hasMethod(object, Symbol.asyncIterator)],
  ["a WeakMap", types.isWeakMap],
  ["a WeakSet", types.isWeakSet],
  ["a WeakRef", (object) => object instanceof WeakRef],
  ["a module", types.isModuleNamespaceObject],
  ["an arguments object", types.isArgumentsObject],
];

/** A description of a value that cannot cross to another thread; undefined for any other. May throw, as getters do. */
export function obstacleOf(value: unknown): string | undefined {
  if (typeof value === "function") return value.name === "" ? "a function" : `the function \`${value.name}\``;
  if (typeof value === "symbol") return "a symbol";
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return OBSTACLES.find(([, is]) => is(value))?.[0];
}
