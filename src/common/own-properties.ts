/** Defines own properties of any names; assigning to `__proto__` would replace the prototype instead. */
export function define<T extends object>(object: T, entries: Iterable<readonly [string, unknown]>): T {
  for (const [key, value] of entries) {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  }
  return object;
}
