import { EVENT_INFO } from "./events.ts";
import { type CallbackHandler, HOOKS, handlerName } from "./handler.ts";
import { EVENT_METHODS, eventOf, isEventLike, nearestOf } from "./method-names.ts";
import { methodsOf } from "./methods-of.ts";

/*
 * Finds out why an object can get no event, for handlers that managers are given and for those that threads load alike.
 */

/** A message names no more methods. */
const MAX_NAMED = 6;

const LANGCHAIN_METHOD = /^handle(?:LLM|Chat|Chain|Tool|Retriever|Agent|Text|Custom)/;
/** Methods of LangChain.js's tracers alone, whose `onLLMStart` and the like take a run. */
const TRACER_PARTS = ["_addRunToRunMap", "_startTrace"];

type Methods = ReadonlySet<string>;

function langChainMethod(methods: Methods): string | undefined {
  return [...methods].find((name) => LANGCHAIN_METHOD.test(name));
}

function isLangChainTracer(handler: object, methods: Methods): boolean {
  if (TRACER_PARTS.some((part) => methods.has(part))) return true;
  // This package's tracers have a `persistRun`, too, and name their hooks.
  if (!methods.has("persistRun") || Reflect.get(handler, HOOKS) !== undefined) return false;
  return langChainMethod(methods) !== undefined;
}

/** Managers have methods with the names of events, too; they send events. */
function isManager(value: object): boolean {
  if (!Array.isArray(Reflect.get(value, "handlers"))) return false;
  if (Array.isArray(Reflect.get(value, "inheritableHandlers"))) return true;
  return typeof Reflect.get(value, "childOptions") === "function";
}

/** Whether a value has a method that gets events. Throws what a getter of such a method throws. */
export function hasEventMethod(value: unknown): value is CallbackHandler {
  if (typeof value !== "object" || value === null) return false;
  // All of them are read: a getter that throws later would fail at every event.
  return EVENT_METHODS.filter((name) => typeof Reflect.get(value, name) === "function").length > 0;
}

/** Shows, as code, the method that another system calls `method`. */
function written(method: string): string {
  const { method: own } = nearestOf(method);
  const event = eventOf(own);
  const fields = event === undefined ? [] : EVENT_INFO[event].fields.filter((field) => field !== "extra");
  return `\`{ ${own}: ({ ${[...fields, "runId"].join(", ")} }) => … }\``;
}

function wrapping(method: string): string {
  return `LangChain.js's methods take positional arguments, and this package's take one record: wrap those that you need, such as ${method} in ${written(method)}.`;
}

function named(method: string): string {
  const { method: nearest, distance } = nearestOf(method);
  if (distance === 0) return `${method} (here ${nearest})`;
  return isEventLike(method) ? `${method} (did you mean ${nearest}?)` : method;
}

function described(handler: object, methods: readonly string[]): string {
  if (Array.isArray(handler)) return "an array";
  const name = `\`${handlerName(handler)}\``;
  if (methods.length === 0) return `${name} without methods`;
  const first = [...methods].sort((a, b) => nearestOf(a).distance - nearestOf(b).distance);
  const rest = methods.length > MAX_NAMED ? ", …" : "";
  return `${name} with ${first.slice(0, MAX_NAMED).map(named).join(", ")}${rest}`;
}

/** Advice for the author of a handler that has none of the methods. */
function advice(methods: Methods): string {
  const langChain = langChainMethod(methods);
  if (langChain !== undefined) return `It is a handler for LangChain.js. ${wrapping(langChain)}`;
  const python = [...methods].find((name) => Object.hasOwn(EVENT_INFO, name));
  if (python !== undefined) {
    return `Those are LangChain's names in Python. Here a method has another name and takes one record: ${written(python)}.`;
  }
  if ([...methods].some(isEventLike)) return "Correct the names.";
  return "It would get no event. Give it once it has its methods; `flush` and `close` alone get none.";
}

/** Describes a manager, for messages; undefined for any other value. */
export function managerText(value: object): string | undefined {
  if (!isManager(value)) return undefined;
  const name = `\`${handlerName(value)}\``;
  const langChain = langChainMethod(methodsOf(value));
  if (langChain !== undefined) return `${name}, a manager of LangChain.js. ${wrapping(langChain)}`;
  return `the manager ${name}, which sends events. Give it where a manager is taken, or give its handlers.`;
}

/** Explains why an object can be no handler, as the end of a sentence "Expected … to be …"; undefined if it can be one. */
export function faultOf(handler: object): string | undefined {
  const manager = managerText(handler);
  if (manager !== undefined) return `a handler, got ${manager}`;
  const methods = methodsOf(handler);
  if (isLangChainTracer(handler, methods)) {
    const name = handlerName(handler);
    return `a handler, got \`${name}\`, a tracer for LangChain.js: its onChainStart and the like take a run of LangChain.js, not a record. Give it to LangChain.js, or use a tracer of this package.`;
  }
  if (hasEventMethod(handler)) return undefined;
  const expected = "a handler: an object with onEvent or a method such as onLLMStart";
  return `${expected}; got ${described(handler, [...methods])}. ${advice(methods)}`;
}
