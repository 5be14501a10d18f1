import { HOOKS } from "./handler.ts";
import { EVENT_METHODS, isEventLike, nearestOf } from "./method-names.ts";
import { methodsOf } from "./methods-of.ts";

/** A method that looks like an event's and would never be called. */
export interface Misnamed {
  readonly method: string;
  /** The nearest name of a method that would be. */
  readonly nearest: string;
}

function hooksOf(handler: object): readonly string[] {
  const hooks: unknown = Reflect.get(handler, HOOKS);
  return Array.isArray(hooks) ? hooks : [];
}

export function misnamedOf(handler: object): readonly Misnamed[] {
  const suspects = [...methodsOf(handler)].filter(isEventLike);
  if (suspects.every((name) => EVENT_METHODS.includes(name))) return [];
  const known = [...EVENT_METHODS, ...hooksOf(handler)];
  return suspects
    .filter((name) => !known.includes(name))
    .map((method) => ({ method, nearest: nearestOf(method, known).method }));
}

/** Handlers' names with the methods that were warned of. */
const warned = new Set<string>();
/** Bounds memory for applications that give each request's handler a name of its own. */
const MAX_WARNED = 1000;

/** Causes a process warning for each method, once per name of a handler. */
export function warnOfMisnamed(handler: string, misnamed: readonly Misnamed[]): void {
  for (const { method, nearest } of misnamed) {
    const key = `${handler} ${method}`;
    if (warned.has(key) || warned.size >= MAX_WARNED) continue;
    warned.add(key);
    const warning = `handler ${handler} has ${method}, which is no event's method and is never called; did you mean ${nearest}?`;
    process.emitWarning(warning, { type: "SidecallHandlerWarning" });
  }
}
