/** An object of JSON, whose values are not checked yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether an object is of no class. Throws what a proxy throws. */
export function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** No list of a provider is longer; one of nothing but holes would take minutes. */
const MAX_LENGTH = 100_000;

/** The list, or its first 100,000 elements. */
export function bounded(list: readonly unknown[]): readonly unknown[] {
  return list.length > MAX_LENGTH ? list.slice(0, MAX_LENGTH) : list;
}
