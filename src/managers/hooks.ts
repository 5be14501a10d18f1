import { shared } from "../common/copies.ts";
import { errorText } from "../common/errors.ts";
import { check, type OptionsOf, optional, unchecked } from "../common/options.ts";
import { invalidOption } from "../common/validate.ts";
import type { CallbackHandler } from "../core/handler.ts";
import { countHidden, currentScope } from "../core/scope.ts";
import type { BaseCallbackManager } from "./base-manager.ts";

interface HandlerVariable {
  getStore(): CallbackHandler | null | undefined;
}

function checkVariable(name: string, value: unknown): HandlerVariable {
  const variable = value as HandlerVariable | null;
  if (typeof variable?.getStore === "function") return variable;
  throw invalidOption(name, "an object with `getStore`, such as an AsyncLocalStorage", value);
}

const HOOK_OPTIONS = {
  /**
   * Holds the handler, such as an `AsyncLocalStorage`. A handler in it is added; null adds none, even if `env` is set;
   * undefined leaves the decision to `env`.
   */
  variable: optional(checkVariable),
  /** A manager that has a handler of this class gets no other. Required with `env`. */
  handlerClass: optional<new () => CallbackHandler>(unchecked),
  /** Environment variable; while it is set (not empty, 0 or false), each manager gets a new `handlerClass`. */
  env: optional<string>(unchecked),
  /** Whether children inherit the handler. @default true */
  inheritable: optional<boolean>(unchecked),
};

/** A source of one more handler for every configured manager. */
export type ConfigureHook = OptionsOf<typeof HOOK_OPTIONS>;
const UNSET: readonly (string | undefined)[] = [undefined, "", "0", "false", "False"];

const hooks = shared("configure-hooks.v1", () => new Set<ConfigureHook>());

function checkHook(hook: ConfigureHook): void {
  check("hook", HOOK_OPTIONS, hook);
  if (hook.variable === undefined && hook.env === undefined) {
    throw invalidOption("hook", "an object with `variable`, or with `env` and `handlerClass`", hook);
  }
  if (hook.env !== undefined && typeof hook.handlerClass !== "function") {
    throw invalidOption("handlerClass", "a class of handlers, which `env` needs", hook.handlerClass);
  }
}

/**
 * Makes every `AsyncCallbackManager.configure()` ask `hook` for a handler. Returns a function that unregisters it. A hook
 * registered twice is asked once. Throws SIDECALL_OPTION_INVALID.
 */
export function registerConfigureHook(hook: ConfigureHook): () => void {
  checkHook(hook);
  if (!hooks.has(hook)) countHidden(1);
  hooks.add(hook);
  return () => {
    if (hooks.delete(hook)) countHidden(-1);
  };
}

function handlerOf(hook: ConfigureHook, manager: BaseCallbackManager): CallbackHandler | undefined {
  const { variable, handlerClass, env } = hook;
  const stored = variable?.getStore();
  if (stored === null) return undefined;
  const isPresent = handlerClass !== undefined && hasInstance(manager, handlerClass);
  if (isPresent || stored !== undefined) return isPresent ? undefined : stored;
  return env === undefined || UNSET.includes(process.env[env])
    ? undefined
    : handlerClass && new handlerClass();
}

/**
 * Adds the handlers of all hooks; within a handler none, since it could be that very handler. A hook that fails adds none and
 * causes a process warning.
 */
export function applyHooks(manager: BaseCallbackManager): void {
  if (currentScope()?.isInHandler) return;
  for (const hook of hooks) {
    try {
      const handler = handlerOf(hook, manager);
      if (handler !== undefined) manager.addHandler(handler, hook.inheritable ?? true);
    } catch (error) {
      const warning = `a configure hook gave no handler: ${errorText(error)}`;
      process.emitWarning(warning, { type: "SidecallHandlerWarning" });
    }
  }
}

export function hasInstance(
  manager: BaseCallbackManager,
  handlerClass: abstract new (...args: never[]) => CallbackHandler,
): boolean {
  return manager.handlers.some((handler) => handler instanceof handlerClass);
}
