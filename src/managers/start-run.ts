import { check, type OptionTable } from "../common/options.ts";
import { anySignal } from "../common/signals.ts";
import { RESOLVED } from "../common/thenable.ts";
import { dispatch, dispatchAll } from "../core/dispatch.ts";
import { EVENTS, type EventRecord, type OwnFields, type StartRecord } from "../core/events.ts";
import { prewakeAll } from "../core/relay.ts";
import type { BaseCallbackManager } from "./base-manager.ts";
import { AsyncRunManager, runOf } from "./base-run-manager.ts";
import { type OpenRuns, withRunsOf } from "./open-runs.ts";
import { Run } from "./run.ts";
import { newRunId } from "./run-id.ts";
import {
  LLM_START_OPTIONS,
  type LLMStartOptions,
  runIdsOf,
  START_OPTIONS,
  type StartOptions,
} from "./start-options.ts";

const NONE: readonly OpenRuns[] = [];

type StartEvent = StartRecord["event"];

/** The signal of a new run; throws its reason if it is aborted. */
function openSignal(manager: BaseCallbackManager, options: StartOptions): AbortSignal | undefined {
  const signal = options.signal === undefined ? manager.signal : anySignal(manager.signal, options.signal);
  signal?.throwIfAborted();
  return signal;
}

function startRecord<E extends StartEvent>(
  run: Run,
  event: E,
  own: OwnFields<E>,
  { extra }: StartOptions,
): EventRecord<E> {
  return run.record(event, extra === undefined ? own : { extra, ...own });
}

/** The sets of open runs that runs of `manager` are in. Without handlers none misses an end. */
function openRunsAround({ parent, handlers }: BaseCallbackManager): readonly OpenRuns[] {
  if (handlers.length === 0) return NONE;
  let above = parent;
  while (above !== undefined && !(above instanceof AsyncRunManager)) above = above.parent;
  return withRunsOf(handlers, above === undefined ? NONE : runOf(above).openInBelow);
}

/** Gives every run whose start was dispatched its end: the caller gets no manager of any of them. */
async function refuse(runs: readonly Run[], error: unknown): Promise<never> {
  // A handler that fails at the error event too has been reported.
  await Promise.allSettled(runs.map((run) => run.fail(error)));
  throw error;
}

/**
 * Makes a run of `manager` and dispatches its start. If a handler with `raiseError` refuses it, the run gets an error event,
 * and the call rejects with the handler's error.
 */
export async function startRun<E extends StartEvent>(
  manager: BaseCallbackManager,
  event: E,
  own: OwnFields<E>,
  options: StartOptions = {},
  table: OptionTable = START_OPTIONS,
): Promise<Run> {
  prewakeAll(manager.handlers, event, manager.traceId);
  check("options", table, options);
  const signal = openSignal(manager, options);
  const { kind } = EVENTS[event];
  const { runId = newRunId(), name } = options;
  const run = new Run(manager, { runId, name, signal, kind, openIn: openRunsAround(manager) });
  if (run.handlers.length === 0) return run;
  try {
    await dispatch(run.handlers, startRecord(run, event, own, options));
  } catch (error) {
    await refuse([run], error);
  }
  return run;
}

interface StartingRuns {
  readonly runs: readonly Run[];
  /** Rejects with the error of a handler with `raiseError`; the runs are open all the same. */
  readonly started: Promise<void>;
}

/** Makes one run for each of `owns` and dispatches their starts in parallel. */
export function beginRuns<E extends StartEvent>(
  manager: BaseCallbackManager,
  event: E,
  owns: readonly OwnFields<E>[],
  options: LLMStartOptions = {},
): StartingRuns {
  const { handlers } = manager;
  prewakeAll(handlers, event, manager.traceId);
  check("options", LLM_START_OPTIONS, options);
  const runIds = runIdsOf(options, owns.length);
  const { name } = options;
  const signal = openSignal(manager, options);
  const { kind } = EVENTS[event];
  const openIn = openRunsAround(manager);
  const runs = owns.map(
    (_, i) => new Run(manager, { runId: runIds[i] ?? newRunId(), name, signal, kind, openIn }),
  );
  if (handlers.length === 0) return { runs, started: RESOLVED };
  const records = runs.map((run, i) => startRecord(run, event, owns[i] as OwnFields<E>, options));
  return { runs, started: dispatchAll(handlers, records) };
}

/** The same, until the handlers have settled the starts. If one is refused, all runs get an error event. */
export async function startRuns<E extends StartEvent>(
  manager: BaseCallbackManager,
  event: E,
  owns: readonly OwnFields<E>[],
  options?: LLMStartOptions,
): Promise<readonly Run[]> {
  const { runs, started } = beginRuns(manager, event, owns, options);
  try {
    await started;
  } catch (error) {
    await refuse(runs, error);
  }
  return runs;
}
