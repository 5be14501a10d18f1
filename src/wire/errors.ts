import { SidecallError } from "../common/errors.ts";
import { define } from "../common/own-properties.ts";

/** The classes of an error on the wire: its own class's name, and that of the nearest class that every thread has. */
export type ErrorClasses = readonly [own: string, base: string];

/** An error as it crosses. Cause and details are decoded. */
export type ErrorParts = readonly [
  name: string,
  message: string,
  stack: string | null,
  cause: unknown,
  details: Readonly<Record<string, unknown>>,
  classes: ErrorClasses,
];

type Made = { readonly message: string; readonly name: string; readonly details: Record<string, unknown> };
type ErrorClass = new (message: string) => Error;

/** Functions that make an error of each shared class. Each takes from `details` those that its class keeps in its own way. */
const MAKERS: ReadonlyMap<string, (made: Made) => Error> = new Map([
  ...[Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError].map(
    (Class): [string, (made: Made) => Error] => [
      Class.name,
      ({ message }) => new (Class as ErrorClass)(message),
    ],
  ),
  ["AggregateError", makeAggregate],
  // The `code` comes with the details: another version of the package may have codes that this one lacks.
  ["SidecallError", ({ message }) => new SidecallError("SIDECALL_HANDLER_FAILED", message)],
  // Not an Error by its internal slots; name and code are no properties of its own.
  ["DOMException", ({ message, name }) => new DOMException(message, name)],
]);

function makeAggregate({ message, details }: Made): Error {
  const { errors } = details;
  if (!Array.isArray(errors)) return new AggregateError([], message);
  delete details["errors"];
  return new AggregateError(errors, message);
}

function classNameOf(prototype: object): string {
  const made: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
  return typeof made === "function" ? made.name : "";
}

/** Finds the classes by name, since an error of another realm or copy of the package has classes of its own. */
export function errorClasses(error: object): ErrorClasses {
  let own = "";
  for (let at = Object.getPrototypeOf(error); at !== null; at = Object.getPrototypeOf(at)) {
    const name = classNameOf(at);
    own ||= name;
    if (MAKERS.has(name)) return [own, name];
  }
  return [own, "Error"];
}

/** Own classes are made again by name, so that errors print as they do in their thread; the number of them is bounded. */
const prototypes = new Map<string, object>();
const MAX_PROTOTYPES = 1000;

/** A prototype whose class is called `own`, below that of a shared class. */
function prototypeOf(own: string, base: string, parent: object): object | undefined {
  const key = `${own} ${base}`;
  const known = prototypes.get(key);
  if (known !== undefined || prototypes.size >= MAX_PROTOTYPES) return known;
  const Own = function OwnError() {};
  Object.defineProperty(Own, "name", { value: own });
  const prototype: object = Object.create(parent, {
    constructor: { value: Own, writable: true, configurable: true },
  });
  prototypes.set(key, prototype);
  return prototype;
}

/** Makes an error again from what crossed. A cause that is null or undefined stays absent. */
export function reviveError([name, message, stack, cause, given, classes]: ErrorParts): Error {
  const [own, base] = classes;
  const details = { ...given };
  const make = MAKERS.get(base) ?? MAKERS.get("Error");
  const error = (make as (made: Made) => Error)({ message, name, details });
  if (own !== base && own !== "") {
    const prototype = prototypeOf(own, base, Object.getPrototypeOf(error));
    if (prototype !== undefined) Object.setPrototypeOf(error, prototype);
  }
  define(error, Object.entries(details));
  hide(error, "name", name);
  // This thread's own stack does not show where the error arose.
  hide(error, "stack", stack ?? undefined);
  if (cause !== null && cause !== undefined) hide(error, "cause", cause);
  return error;
}

/** Sets a property that a listing of the error leaves out, unless it has that value. */
function hide(error: Error, key: "name" | "stack" | "cause", value: unknown): void {
  if (error[key] === value) return;
  Object.defineProperty(error, key, { value, writable: true, enumerable: false, configurable: true });
}
