import type { CallbackHandler } from "../core/handler.ts";
import { type BaseCallbackManager, isManager } from "./base-manager.ts";
import { checkHandlers } from "./check-handlers.ts";

/** Handlers, or a manager: its handlers, tags, metadata and parent. */
export type Callbacks = readonly CallbackHandler[] | BaseCallbackManager;

/** Throws SIDECALL_OPTION_INVALID, and SIDECALL_NOT_A_HANDLER for a handler that can get no event. */
export function checkCallbacks(name: string, callbacks: unknown): Callbacks {
  if (isManager(callbacks)) return callbacks;
  return checkHandlers(name, callbacks, "an array of handlers, or a manager of this package");
}
