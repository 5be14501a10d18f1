import { SidecallError } from "../common/errors.ts";
import { check, type OptionsOf, optional, unchecked } from "../common/options.ts";
import { BaseCallbackManager } from "./base-manager.ts";
import { ambientContext } from "./context.ts";
import { AsyncRunManager } from "./run-managers.ts";

const CUSTOM_EVENT_CONFIG = {
  /** The run that the event belongs to, or a manager from its `getChild()`. @default the run around the call */
  callbacks: optional<AsyncRunManager | BaseCallbackManager>(unchecked),
};
export type CustomEventConfig = OptionsOf<typeof CUSTOM_EVENT_CONFIG>;

function runOf({ callbacks }: CustomEventConfig): AsyncRunManager | undefined {
  if (callbacks === undefined) return ambientContext().manager;
  const run = callbacks instanceof BaseCallbackManager ? callbacks.parent : callbacks;
  return run instanceof AsyncRunManager ? run : undefined;
}

/**
 * Tells the handlers of a run of something that the event table does not know. Resolves when they have settled it.
 * Rejects with SIDECALL_NO_RUN outside of a run, and with SIDECALL_OPTION_INVALID.
 */
export async function dispatchCustomEvent(
  eventName: string,
  data: unknown,
  config: CustomEventConfig = {},
): Promise<void> {
  check("config", CUSTOM_EVENT_CONFIG, config);
  const run = runOf(config);
  if (run !== undefined) return run.onCustomEvent(eventName, data);
  const message =
    `Expected a run for the custom event ${eventName}, got none: call it within \`withContext({ run }, …)\`, ` +
    "or give a run manager, or the manager of its `getChild()`, as `config.callbacks`.";
  throw new SidecallError("SIDECALL_NO_RUN", message);
}
