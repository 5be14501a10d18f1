import { AsyncLocalStorage } from "node:async_hooks";
import { check, type OptionsOf, optional, signal, unchecked } from "../common/options.ts";
import { anySignal } from "../common/signals.ts";
import { invalidOption } from "../common/validate.ts";
import type { CallbackHandler } from "../core/handler.ts";
import { BaseCallbackManager, union } from "./base-manager.ts";
import { checkParent, type ParentRun } from "./manager-options.ts";
import { AsyncRunManager } from "./run-managers.ts";

const CONTEXT_OPTIONS = {
  /**
   * Nested runs hang under it: a run manager, whose inheritable handlers, tags, metadata and signal they get too, or
   * the ids of a run that is traced elsewhere. @default the run around
   */
  run: optional(checkParent),
  /** Handlers that every manager configured within gets, for its own runs and below. @default [] */
  handlers: optional<readonly CallbackHandler[]>(unchecked),
  /** Tags that every manager configured within gets, for its own runs and below. @default [] */
  tags: optional<readonly string[]>(unchecked),
  /** @default {} */
  metadata: optional<Readonly<Record<string, unknown>>>(unchecked),
  /** Cancels the runs of every manager configured within. @default none */
  signal: signal(),
};

/** What {@link withContext} puts around a call. */
export type CallbackContext = OptionsOf<typeof CONTEXT_OPTIONS>;

/** What is around a call, all contexts taken together. */
export interface AmbientContext {
  /** The nearest run, with the runs above it. */
  readonly run: ParentRun | undefined;
  /** The nearest run that this process traces: what is inherited comes from it. */
  readonly manager: AsyncRunManager | undefined;
  readonly handlers: readonly CallbackHandler[];
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
  /** What the runs below `manager` get: of each key what is nearest, a context's value or what the run passes on. */
  readonly metadataBelow: Readonly<Record<string, unknown>>;
  readonly signal: AbortSignal | undefined;
}

const NOTHING: AmbientContext = {
  run: undefined,
  manager: undefined,
  handlers: [],
  tags: [],
  metadata: {},
  metadataBelow: {},
  signal: undefined,
};

const storage = new AsyncLocalStorage<AmbientContext>();

export function ambientContext(): AmbientContext {
  return storage.getStore() ?? NOTHING;
}

/** The run around a run: of a run traced elsewhere without `parent`, the run around the call. */
function linked(run: ParentRun, ambient: AmbientContext): ParentRun {
  if (run instanceof AsyncRunManager || run.parent !== undefined || ambient.run === undefined) return run;
  return { runId: run.runId, traceId: run.traceId, parent: ambient.run };
}

export function checkBody(body: unknown): void {
  if (typeof body !== "function") throw invalidOption("body", "a function", body);
}

/**
 * Calls `body` with `context` around it, and gives back what it returns. `AsyncCallbackManager.configure()`,
 * `dispatchCustomEvent()` and further contexts find it there, at any depth of calls and across `await`, timers and
 * promises that begin in `body`; calls outside do not. Throws SIDECALL_OPTION_INVALID.
 */
export function withContext<T>(context: CallbackContext, body: () => T): T {
  check("context", CONTEXT_OPTIONS, context);
  checkBody(body);
  const ambient = ambientContext();
  const { run } = context;
  const { handlers, tags, metadata } = new BaseCallbackManager({
    handlers: context.handlers ?? [],
    tags: context.tags ?? [],
    metadata: context.metadata ?? {},
  });
  const manager = run instanceof AsyncRunManager ? run : undefined;
  // A run passes on its own, not that of the run around it, which may be of another trace.
  const passedOn = manager && { ...ambient.metadata, ...manager.childOptions().metadata };
  const within: AmbientContext = {
    run: run === undefined ? ambient.run : linked(run, ambient),
    manager: manager ?? ambient.manager,
    handlers: union(ambient.handlers, handlers),
    tags: union(ambient.tags, tags),
    metadata: { ...ambient.metadata, ...metadata },
    metadataBelow: { ...(passedOn ?? ambient.metadataBelow), ...metadata },
    signal: anySignal(ambient.signal, context.signal),
  };
  return storage.run(within, body);
}

/** The run that {@link withContext} put around this call, if any. */
export function currentRun(): ParentRun | undefined {
  return ambientContext().run;
}
