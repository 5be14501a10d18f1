import { check, type OptionTable } from "../common/options.ts";
import { anySignal, rejected } from "../common/signals.ts";
import { RESOLVED, tolerated } from "../common/thenable.ts";
import { dispatch, dispatchAll } from "../core/dispatch.ts";
import { EVENTS, type EventRecord, type OwnFields, type StartRecord } from "../core/events.ts";
import type { CallbackHandler } from "../core/handler.ts";
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
const NO_HANDLERS: readonly CallbackHandler[] = [];

type StartEvent = StartRecord["event"];

function signalOf(manager: BaseCallbackManager, options: StartOptions): AbortSignal | undefined {
  return options.signal === undefined ? manager.signal : anySignal(manager.signal, options.signal);
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

/** Ends every run whose start was dispatched, since the caller gets no manager of any of them. */
async function refuse(runs: readonly Run[], error: unknown): Promise<never> {
  // A handler that fails at the error event too has been reported.
  await Promise.allSettled(runs.map((run) => run.fail(error)));
  throw error;
}

/** The promise for `result`, which is ready when the handlers have settled the start, or `onRefused` has dealt with a failure. */
function once<T>(
  settled: Promise<void>,
  result: T,
  onRefused: (error: unknown) => Promise<void>,
): Promise<T> {
  if (settled === RESOLVED) return Promise.resolve(result);
  return tolerated(
    settled.then(
      () => result,
      (error) => onRefused(error).then(() => result),
    ),
  );
}

/*
 * Both throw at once for a start that is refused: only its caller can report that. Their promises reject with the reason of
 * an abort, which is no fault, and with failures of handlers, which the dispatch has reported. If a handler with `raiseError`
 * fails, all runs whose starts it got with that call get an error event first.
 */

/** Makes a run of `manager` and dispatches its start; resolves with what `managerOf` makes of it. */
export function startRun<E extends StartEvent, T>(
  manager: BaseCallbackManager,
  event: E,
  own: OwnFields<E>,
  managerOf: (run: Run) => T,
  options: StartOptions = {},
  table: OptionTable = START_OPTIONS,
): Promise<T> {
  prewakeAll(manager.handlers, event, manager.traceId);
  check("options", table, options);
  const signal = signalOf(manager, options);
  if (signal?.aborted) return rejected(signal);
  const { kind } = EVENTS[event];
  const { runId = newRunId(), name } = options;
  const run = new Run(manager, { runId, name, signal, kind, openIn: openRunsAround(manager) });
  const { handlers } = run;
  const settled =
    handlers.length === 0 ? RESOLVED : dispatch(handlers, startRecord(run, event, own, options));
  return once(settled, managerOf(run), (error) => refuse([run], error));
}

/** Makes one run for each of `owns` and dispatches their starts in parallel. */
export function startRuns<E extends StartEvent, T>(
  manager: BaseCallbackManager,
  event: E,
  owns: readonly OwnFields<E>[],
  managerOf: (run: Run) => T,
  options: LLMStartOptions = {},
  onRefused: (runs: readonly Run[], error: unknown) => Promise<void> = refuse,
): Promise<T[]> {
  prewakeAll(manager.handlers, event, manager.traceId);
  check("options", LLM_START_OPTIONS, options);
  const runIds = runIdsOf(options, owns.length);
  const signal = signalOf(manager, options);
  if (signal?.aborted) return rejected(signal);
  const { kind } = EVENTS[event];
  const { name } = options;
  const openIn = openRunsAround(manager);
  const runs = owns.map(
    (_, i) => new Run(manager, { runId: runIds[i] ?? newRunId(), name, signal, kind, openIn }),
  );
  const handlers = runs[0]?.handlers ?? NO_HANDLERS;
  const records = () => runs.map((run, i) => startRecord(run, event, owns[i] as OwnFields<E>, options));
  const settled = handlers.length === 0 ? RESOLVED : dispatchAll(handlers, records());
  return once(settled, runs.map(managerOf), (error) => onRefused(runs, error));
}
