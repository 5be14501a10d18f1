import { className } from "./kinds.ts";

const STANDARD: ReadonlySet<string> = new Set(["name", "message", "stack", "cause"]);

/** Names of the language's and the platform's own error classes. */
export const ERROR_CLASSES: ReadonlyMap<string, ErrorConstructor | AggregateErrorConstructor> = new Map<
  string,
  ErrorConstructor | AggregateErrorConstructor
>(
  [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError, AggregateError].map(
    (Class) => [Class.name, Class],
  ),
);

/** Names of an error's own properties beyond those that every error has, such as `status`, `code` or `errors`. */
export function errorDetailKeys(error: object): string[] {
  const keys = Object.keys(error).filter((key) => !STANDARD.has(key));
  return Object.hasOwn(error, "errors") && !keys.includes("errors") ? [...keys, "errors"] : keys;
}

/** The class of an error, and the nearest built-in class that it extends. */
export function errorClasses(error: object): readonly [base: string, own: string] {
  const own = className(error);
  for (let level: object | null = error; level !== null; level = Object.getPrototypeOf(level)) {
    const name = className(level);
    if (ERROR_CLASSES.has(name) || name === "DOMException") return [name, own];
  }
  return ["Error", own];
}
