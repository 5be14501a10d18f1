import { isPromise } from "node:util/types";
import { attempt } from "../common/attempt.ts";
import { SidecallError } from "../common/errors.ts";
import { invalidOption } from "../common/validate.ts";
import { type CallbackHandler, handlerName } from "../core/handler.ts";
import { faultOf, hasEventMethod, managerText } from "../core/handler-fault.ts";
import { misnamedOf, warnOfMisnamed } from "../core/misnamed.ts";

/** Handlers that are known to get events. */
const checked = new WeakSet<object>();

/**
 * Refuses an object that can get no event, with SIDECALL_NOT_A_HANDLER, and warns of methods that look like an event's and
 * are none. One that cannot be read passes: its events fail, which is reported.
 */
function checkShape(name: string, handler: object): void {
  const fault = attempt(() => faultOf(handler));
  if (fault !== undefined)
    throw new SidecallError("SIDECALL_NOT_A_HANDLER", `Expected \`${name}\` to be ${fault}`);
  attempt(() => warnOfMisnamed(handlerName(handler), misnamedOf(handler)));
  // Once for each object: managers are made for each request.
  checked.add(handler);
}

/** A mistake that JavaScript lets pass: named for what it is. */
function refusedList(name: string, expected: string, given: unknown): SidecallError {
  if (typeof given !== "object" || given === null) return invalidOption(name, expected, given);
  const manager = attempt(() => managerText(given));
  if (manager !== undefined)
    return new SidecallError(
      "SIDECALL_OPTION_INVALID",
      `Expected \`${name}\` to be ${expected}, got ${manager}`,
    );
  return invalidOption(
    name,
    attempt(() => hasEventMethod(given)) ? `${expected}, such as \`[handler]\`` : expected,
    given,
  );
}

/** Throws SIDECALL_OPTION_INVALID for what is no list of objects, and SIDECALL_NOT_A_HANDLER. */
export function checkHandlers(
  name: string,
  handlers: unknown,
  expected = "an array of handlers",
): readonly CallbackHandler[] {
  if (!Array.isArray(handlers)) throw refusedList(name, expected, handlers);
  for (let i = 0; i < handlers.length; i += 1) {
    const handler: unknown = handlers[i];
    if (typeof handler !== "object" || handler === null || isPromise(handler)) {
      const hint = isPromise(handler) ? "; await it" : "";
      throw invalidOption(
        `${name}[${i}]`,
        `a handler: an object, such as a class's instance${hint}`,
        handler,
      );
    }
    if (!checked.has(handler)) checkShape(`${name}[${i}]`, handler);
  }
  return handlers;
}
