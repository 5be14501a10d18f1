/** Defines own properties of any names; assigning to `__proto__` would replace the prototype instead. */
export function define<T extends object>(object: T, entries: Iterable<readonly [string, unknown]>): T {
  for (const [key, value] of entries) {
    Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  }
  return object;
}

const STANDARD: readonly string[] = ["name", "message", "stack", "cause"];

/** Names of an error's own properties beyond those that every error has, such as `status`, `code` or `errors`. */
export function errorDetailKeys(error: Error): string[] {
  const keys = Object.keys(error).filter((key) => !STANDARD.includes(key));
  return error instanceof AggregateError && !keys.includes("errors") ? [...keys, "errors"] : keys;
}
