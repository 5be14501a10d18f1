import { type ErrorCode, errorText } from "../src/common/errors.ts";
import { interestOf } from "../src/core/deliver.ts";
import { type CallbackHandler, type HandlerContext, handlerName } from "../src/core/handler.ts";
import { faultOf, hasEventMethod } from "../src/core/handler-fault.ts";
import { misnamedOf } from "../src/core/misnamed.ts";
import type { CodedFailure, LoadedHandler, LoadSpec } from "../src/wire/protocol.ts";
import { encodeError, placeOf } from "./encode-error.ts";
import { importFailure } from "./import-failure.ts";

/** A handler at work in this thread. */
export interface HandlerSlot extends LoadedHandler {
  /** Its place among the specs. */
  readonly index: number;
  readonly handler: CallbackHandler;
}

type Factory = (options: unknown, context: HandlerContext) => unknown;
type HandlerClass = new (options: unknown, context: HandlerContext) => unknown;

/** Loading failed; crosses to the main thread as a value. */
class LoadFailure extends Error {
  readonly failure: CodedFailure;

  /** `cause`: its msgpack. Encode it before the message is made: a syntax error gets its place thereby. */
  constructor(code: ErrorCode, message: string, cause = encodeError(undefined)) {
    super(message);
    this.failure = { code, message, cause };
  }
}

/** Also of one that was compiled for engines without classes: a function whose prototype has an event's method. */
function isClass(value: Factory | HandlerClass): value is HandlerClass {
  return /^class\b/.test(Function.prototype.toString.call(value)) || hasEventMethod(value.prototype);
}

async function importModule({ href }: LoadSpec): Promise<object> {
  try {
    return await import(href);
  } catch (error) {
    const cause = encodeError(error);
    throw new LoadFailure("SIDECALL_MODULE_FAILED", importFailure(href, error), cause);
  }
}

/** The export, through the second `default` that a CommonJS module compiled from ESM has. */
function exportOf(module: object, { href, exportName }: LoadSpec): unknown {
  const exported: unknown = Reflect.get(module, exportName);
  const isWrapped = typeof exported === "object" && exported !== null && "default" in exported;
  if (isWrapped && !hasEventMethod(exported)) return exported.default;
  if (exported !== undefined) return exported;
  if (exportName in module) {
    const message = `Expected \`${exportName}\` of ${href} to be or to make a handler; it is undefined.`;
    throw new LoadFailure("SIDECALL_NOT_A_HANDLER", message);
  }
  const names = Object.keys(module).join(", ") || "nothing";
  const message = `Expected ${href} to export \`${exportName}\`; it exports ${names}.${hintAt(module, exportName)}`;
  throw new LoadFailure("SIDECALL_NOT_A_HANDLER", message);
}

/** Names of exports of a CommonJS module that are its whole. */
const WHOLE = ["default", "module.exports", "__esModule"];

/** Which exports of a module may be meant, if it is not the one that was taken. */
function hintAt(module: object, taken: string): string {
  const others = Object.keys(module).filter((name) => name !== taken && !WHOLE.includes(name));
  const made = others.filter((name) => /^(?:function|object)$/.test(typeof Reflect.get(module, name)));
  return made.length === 0
    ? ""
    : ` Name the one to take in the spec, such as \`export: ${JSON.stringify(made[0])}\`.`;
}

interface Built {
  readonly handler: unknown;
}

async function build(exported: unknown, spec: LoadSpec, context: HandlerContext): Promise<Built> {
  // Not awaited: a handler may have any methods, `then` too.
  if (typeof exported !== "function") return { handler: exported };
  const make = exported as Factory | HandlerClass;
  try {
    return { handler: isClass(make) ? new make(spec.options, context) : await make(spec.options, context) };
  } catch (error) {
    const cause = encodeError(error);
    const message = `\`${spec.exportName}\` of ${spec.href} threw while it built its handler: ${errorText(error)}${placeOf(error)}.`;
    throw new LoadFailure("SIDECALL_FACTORY_FAILED", message, cause);
  }
}

function notAHandler({ exportName, href }: LoadSpec, module: object, expected: string): LoadFailure {
  const message = `Expected \`${exportName}\` of ${href} to be or to make ${expected}${hintAt(module, exportName)}`;
  return new LoadFailure("SIDECALL_NOT_A_HANDLER", message);
}

async function loadOne(spec: LoadSpec, index: number, context: HandlerContext): Promise<HandlerSlot> {
  const module = await importModule(spec);
  const { handler } = await build(exportOf(module, spec), spec, context);
  if (typeof handler !== "object" || handler === null) {
    const got = handler === null ? "null" : typeof handler;
    const expected = `a handler: an object with onEvent or a method such as onLLMStart; got ${got}.`;
    throw notAHandler(spec, module, expected);
  }
  const fault = faultOf(handler);
  if (fault !== undefined) throw notAHandler(spec, module, fault);
  const loaded: CallbackHandler = handler;
  const { raiseError } = loaded;
  const name = spec.name ?? handlerName(loaded);
  const misnamed = misnamedOf(loaded);
  return {
    index,
    handler: loaded,
    name,
    interest: interestOf(loaded),
    raiseError: raiseError === true,
    misnamed,
  };
}

/** Imports and builds the handlers, in order. A failure is returned: an error that is thrown across threads loses its code. */
export async function loadHandlers(
  specs: readonly LoadSpec[],
  context: HandlerContext,
): Promise<readonly HandlerSlot[] | CodedFailure> {
  const slots: HandlerSlot[] = [];
  try {
    for (const [index, spec] of specs.entries()) slots.push(await loadOne(spec, index, context));
    return slots;
  } catch (error) {
    if (error instanceof LoadFailure) return error.failure;
    // Such as from a getter of the handler.
    const { href } = specs[slots.length] ?? { href: "" };
    const message = `Expected the handler of ${href} to be readable; it threw: ${errorText(error)}.`;
    return new LoadFailure("SIDECALL_NOT_A_HANDLER", message, encodeError(error)).failure;
  }
}

export function describeSlots(slots: readonly HandlerSlot[]): readonly LoadedHandler[] {
  return slots.map(({ name, interest, raiseError, misnamed }) => ({ name, interest, raiseError, misnamed }));
}
