import { ERROR_CLASSES } from "../values/errors.ts";
import { define } from "../values/own-properties.ts";

type WireError = [
  base: string,
  own: string,
  name: string,
  message: string,
  stack: string | null,
  ...rest: [details: object] | [cause: unknown, details: object],
];

type ErrorClass = new (...args: never[]) => Error;

/** Classes that errors had in another thread, by their own name and their built-in class's. */
const classes = new Map<string, ErrorClass>();
/** Names of classes come from outside: beyond this many, errors get their built-in class. */
const MAX_CLASSES = 1000;

function classOf(base: string, own: string): ErrorClass {
  const Base = ERROR_CLASSES.get(base) ?? Error;
  if (own === "" || own === Base.name) return Base;
  const id = `${base} ${own}`;
  const known = classes.get(id);
  if (known !== undefined) return known;
  if (classes.size >= MAX_CLASSES) return Base;
  const Class = class extends (Base as ErrorClass) {};
  Object.defineProperty(Class, "name", { value: own });
  classes.set(id, Class);
  return Class;
}

const HIDDEN = { writable: true, enumerable: false, configurable: true };

function bare(base: string, own: string, name: string, message: string): Error {
  if (base === "DOMException") return new DOMException(message, name);
  const args = base === "AggregateError" ? [[], message] : [message];
  return Reflect.construct(ERROR_CLASSES.get(base) ?? Error, args, classOf(base, own)) as Error;
}

/** An error of the same class by name, or of one with this name that extends the same built-in class. */
export function unpackError([base, own, name, message, stack, ...rest]: WireError): Error {
  const error = bare(base, own, name, message);
  if (rest.length === 2) Object.defineProperty(error, "cause", { value: rest[0], ...HIDDEN });
  for (const [key, value] of Object.entries(rest[1] ?? rest[0] ?? {})) {
    if (key === "errors" && base === "AggregateError")
      Object.defineProperty(error, key, { value, ...HIDDEN });
    else define(error, [[key, value]]);
  }
  if (error.name !== name) Object.defineProperty(error, "name", { value: name, ...HIDDEN });
  // This thread's own stack does not show where the error arose.
  Object.defineProperty(error, "stack", { value: stack ?? undefined, ...HIDDEN });
  return error;
}
