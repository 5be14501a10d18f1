import { SidecallError } from "../common/errors.ts";
import { check, type OptionsOf, optional, signal, unchecked } from "../common/options.ts";
import { anySignal, isAbortOf } from "../common/signals.ts";
import { invalidOption } from "../common/validate.ts";
import type { CallbackHandler } from "../core/handler.ts";
import { currentScope, withinContext } from "../core/scope.ts";
import { NO_RUN, reportIfUnawaited } from "../core/unawaited.ts";
import { BaseCallbackManager, isManager, union } from "./base-manager.ts";
import { type AsyncRunManager, isRunManager } from "./base-run-manager.ts";
import { checkHandlers } from "./check-handlers.ts";
import { isGenerator, withSteps } from "./generators.ts";
import { checkParent, type ParentRun } from "./manager-options.ts";
import { sendOrRefuse } from "./refused.ts";

const CONTEXT_OPTIONS = {
  /**
   * The parent of nested runs: a run manager, whose inheritable handlers, tags, metadata and signal they get too, or the
   * ids of a run that is traced elsewhere. @default the ambient run
   */
  run: optional(checkParent),
  /** Handlers of every manager configured within, for its own runs and below. @default [] */
  handlers: optional(checkHandlers),
  /** Tags of every manager configured within, for its own runs and below. @default [] */
  tags: optional<readonly string[]>(unchecked),
  /** @default {} */
  metadata: optional<object>(unchecked),
  /** Cancels the runs of every manager configured within. @default none */
  signal: signal(),
};

/** What {@link withContext} puts around a call. */
export type CallbackContext = OptionsOf<typeof CONTEXT_OPTIONS>;

/** The context of a call, merged from all enclosing contexts. */
export interface AmbientContext {
  /** The nearest run, with the runs above it. */
  readonly run: ParentRun | undefined;
  /** The nearest run with a run manager: children inherit from it. */
  readonly manager: AsyncRunManager | undefined;
  readonly handlers: readonly CallbackHandler[];
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Metadata of the runs below `manager`: of each key the nearest value, from a context or passed on by the run. */
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

/** The context for managers that are configured here: within a handler, nothing of what is around the handler's call. */
export function ambientContext(): AmbientContext {
  return (currentScope()?.context as AmbientContext | undefined) ?? NOTHING;
}

/** The context for all else, which finds the application's run within a handler too. */
function widerContext(): AmbientContext {
  const { context, outside } = currentScope() ?? {};
  const [inner, outer] = [context, outside] as (AmbientContext | undefined)[];
  return (inner?.run === undefined ? outer : inner) ?? NOTHING;
}

/** Gives a run that is traced elsewhere, without `parent`, the ambient run as its parent. */
function linked(run: ParentRun, ambient: AmbientContext): ParentRun {
  if (isRunManager(run) || run.parent !== undefined || ambient.run === undefined) return run;
  return { runId: run.runId, traceId: run.traceId, parent: ambient.run };
}

export function checkBody(body: unknown): void {
  if (typeof body !== "function") throw invalidOption("body", "a function", body);
}

/** Stands in a report for the call of {@link withContext}. */
const UNAWAITED = { handler: "withContext", event: "on_chain_error", runId: NO_RUN } as const;

function isAborted({ signal, manager }: AmbientContext, error: unknown): boolean {
  return isAbortOf(signal, error) || isAbortOf(manager?.signal, error);
}

/** `result`, or if it is a generator, one whose steps run within `context`; of a promise, what it resolves to. */
function lasting<T>(result: T, context: AmbientContext): T {
  if (isGenerator(result))
    return withSteps(result, (step) => observed(withinContext(context, step), context));
  // Another class's promises, such as those of an API client, have methods that a derived promise would lack.
  if (!(result instanceof Promise) || result.constructor !== Promise) return result;
  // The promise that it derives from may be that of an event, which need not be awaited.
  return observed(
    result.then((value) => lasting(value, context)),
    context,
  ) as T;
}

/** `result`; if it is a promise, one whose error is reported if it is not awaited. */
function observed(result: unknown, context: AmbientContext): unknown {
  if (!(result instanceof Promise)) return result;
  return reportIfUnawaited(result, (error) => (isAborted(context, error) ? undefined : UNAWAITED));
}

/**
 * Calls `body` within `context` and returns its result. `AsyncCallbackManager.configure()`, `dispatchCustomEvent()` and
 * nested contexts see the context at any depth of calls, and across `await`, timers and promises that begin in `body`;
 * calls outside do not, nor do managers that handlers configure. If `body` returns a generator, or a promise of one, the context lasts while it is read. Throws
 * SIDECALL_OPTION_INVALID.
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
  const manager = isRunManager(run) ? run : undefined;
  // A run passes on its own metadata, not that of the ambient run, which may be of another trace.
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
  return lasting(withinContext(within, body), within);
}

/**
 * The ambient run, set by {@link withContext}; undefined if there is none. Within a handler, the run around the call that
 * sent the event.
 */
export function currentRun(): ParentRun | undefined {
  return widerContext().run;
}

const CUSTOM_EVENT_CONFIG = {
  /** The run that the event belongs to, or a manager from its `getChild()`. @default the ambient run */
  callbacks: optional<AsyncRunManager | BaseCallbackManager>(unchecked),
};
export type CustomEventConfig = OptionsOf<typeof CUSTOM_EVENT_CONFIG>;

function runOf({ callbacks }: CustomEventConfig): AsyncRunManager | undefined {
  if (callbacks === undefined) return widerContext().manager;
  const run = isManager(callbacks) ? callbacks.parent : callbacks;
  return isRunManager(run) ? run : undefined;
}

/**
 * Dispatches an application's own event to the handlers of a run. Resolves when they have settled it. Rejects with
 * SIDECALL_NO_RUN outside of a run, and with SIDECALL_OPTION_INVALID.
 */
export function dispatchCustomEvent(
  eventName: string,
  data: unknown,
  config: CustomEventConfig = {},
): Promise<void> {
  return sendOrRefuse("dispatchCustomEvent", "on_custom_event", () => {
    check("config", CUSTOM_EVENT_CONFIG, config);
    const run = runOf(config);
    if (run !== undefined) return run.onCustomEvent(eventName, data);
    const message =
      `Expected a run for the custom event ${eventName}, got none: call it within \`withContext({ run }, …)\`, ` +
      "or give a run manager, or the manager of its `getChild()`, as `config.callbacks`.";
    throw new SidecallError("SIDECALL_NO_RUN", message);
  });
}
