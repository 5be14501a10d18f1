import { check, type OptionsOf, optional, signal, unchecked } from "../common/options.ts";
import { anySignal } from "../common/signals.ts";
import { invalidOption } from "../common/validate.ts";
import { StdOutCallbackHandler } from "../handlers/printing/stdout.ts";
import { ConsoleTracer } from "../tracers/console-tracer.ts";
import { BaseCallbackManager, isManager } from "./base-manager.ts";
import { type Callbacks, checkCallbacks } from "./callbacks.ts";
import { type AmbientContext, ambientContext } from "./context.ts";
import { applyHooks, hasInstance } from "./hooks.ts";
import type { ManagerOptions, ParentRun } from "./manager-options.ts";

const CONFIGURE_OPTIONS = {
  /** Handlers of own runs and all runs below. @default [] */
  inheritable: optional(checkCallbacks),
  /** Handlers of own runs only; of a manager only its handlers count. @default [] */
  local: optional(checkCallbacks),
  /** @default [] */
  inheritableTags: optional<readonly string[]>(unchecked),
  /** @default [] */
  localTags: optional<readonly string[]>(unchecked),
  /** @default {} */
  inheritableMetadata: optional<object>(unchecked),
  /** @default {} */
  localMetadata: optional<object>(unchecked),
  /** Prints chains, agents and tools. @default false */
  verbose: optional<boolean>(unchecked),
  /** Prints every run, with inputs and outputs. @default false */
  debug: optional<boolean>(unchecked),
  /** Cancels the runs, as do the signals of manager and context. @default none */
  signal: signal(),
};
export type ConfigureOptions = OptionsOf<typeof CONFIGURE_OPTIONS>;

function isAmong(runId: string, run: ParentRun | undefined): boolean {
  for (let each = run; each !== undefined; each = each.parent) if (each.runId === runId) return true;
  return false;
}

/** The ambient tags, metadata and signal, without the ambient runs. */
function scopeOf(
  { tags, signal }: AmbientContext,
  metadata: AmbientContext["metadata"],
): BaseCallbackManager {
  const [inheritableTags, inheritableMetadata] = [tags, metadata];
  return new BaseCallbackManager({ tags, inheritableTags, metadata, inheritableMetadata, signal });
}

/** A manager under the ambient run, or without parent if there is none. */
function ambientManager(ambient: AmbientContext): BaseCallbackManager {
  const { run: parent, manager } = ambient;
  const inherited = new BaseCallbackManager({ ...manager?.childOptions(), parent });
  return inherited.merge(scopeOf(ambient, ambient.metadataBelow));
}

function inheriting(inheritable: Callbacks, ambient: AmbientContext): BaseCallbackManager {
  if (!isManager(inheritable)) {
    const manager = ambientManager(ambient);
    for (const handler of new BaseCallbackManager({ handlers: inheritable }).handlers) {
      manager.addHandler(handler);
    }
    return manager;
  }
  const { parentRunId } = inheritable;
  const hasOtherParent = parentRunId !== undefined && !isAmong(parentRunId, ambient.run);
  const base = hasOtherParent ? scopeOf(ambient, ambient.metadata) : ambientManager(ambient);
  return base.merge(inheritable);
}

function addVerbosity(manager: BaseCallbackManager, { verbose, debug }: ConfigureOptions): void {
  if (verbose && !debug && !hasInstance(manager, StdOutCallbackHandler)) {
    manager.addHandler(new StdOutCallbackHandler(), false);
  }
  if (debug && !hasInstance(manager, ConsoleTracer)) manager.addHandler(new ConsoleTracer());
}

/** Callbacks in place of the options: LangChain's `configure` takes them first. */
function refuseCallbacks(options: unknown): void {
  const isOne = isManager(options);
  if (!isOne && !Array.isArray(options)) return;
  const meant = isOne ? "{ inheritable: manager }" : "{ inheritable: [...] }";
  throw invalidOption("options", `an object; did you mean \`${meant}\`?`, options);
}

/** The options for `AsyncCallbackManager.configure`, in the order that its documentation gives. */
export function configured(options: ConfigureOptions): ManagerOptions {
  refuseCallbacks(options);
  check("options", CONFIGURE_OPTIONS, options);
  const ambient = ambientContext();
  const { inheritable = [], local = [] } = options;
  const manager = inheriting(inheritable, ambient);
  const locals = isManager(local) ? local : new BaseCallbackManager({ handlers: local });
  for (const handler of locals.handlers) manager.addHandler(handler, false);
  manager.addTags(options.inheritableTags ?? []);
  manager.addTags(options.localTags ?? [], false);
  manager.addMetadata(options.inheritableMetadata ?? {});
  manager.addMetadata(options.localMetadata ?? {}, false);
  addVerbosity(manager, options);
  for (const handler of ambient.handlers) manager.addHandler(handler);
  applyHooks(manager);
  return { ...manager, signal: anySignal(manager.signal, options.signal) };
}
