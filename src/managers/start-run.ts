import { check, type OptionTable } from "../common/options.ts";
import { anySignal, rejected } from "../common/signals.ts";
import { dispatch, dispatchAll } from "../core/dispatch.ts";
import type { EventRecord, OwnFields, StartRecord } from "../core/events.ts";
import { prewakeAll } from "../core/relay.ts";
import type { BaseCallbackManager } from "./base-manager.ts";
import { Run } from "./run.ts";
import { newRunId } from "./run-id.ts";
import {
  LLM_START_OPTIONS,
  type LLMStartOptions,
  runIdsOf,
  START_OPTIONS,
  type StartOptions,
} from "./start-options.ts";

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

/*
 * Both throw at once for a start that is refused: only its caller can report that. Their promises reject with the reason of
 * an abort, which is no fault, and with failures of handlers, which the dispatch has reported.
 */

/** Makes a run of `manager` and dispatches its start. */
export function startRun<E extends StartEvent>(
  manager: BaseCallbackManager,
  event: E,
  own: OwnFields<E>,
  options: StartOptions = {},
  table: OptionTable = START_OPTIONS,
): Promise<Run> {
  prewakeAll(manager.handlers, event, manager.traceId);
  check("options", table, options);
  const signal = signalOf(manager, options);
  if (signal?.aborted) return rejected(signal);
  const run = new Run(manager, { runId: options.runId ?? newRunId(), name: options.name, signal });
  if (run.handlers.length === 0) return Promise.resolve(run);
  return dispatch(run.handlers, startRecord(run, event, own, options)).then(() => run);
}

/** Makes one run for each of `owns` and dispatches their starts in parallel. */
export function startRuns<E extends StartEvent>(
  manager: BaseCallbackManager,
  event: E,
  owns: readonly OwnFields<E>[],
  options: LLMStartOptions = {},
): Promise<Run[]> {
  const { handlers } = manager;
  prewakeAll(handlers, event, manager.traceId);
  check("options", LLM_START_OPTIONS, options);
  const runIds = runIdsOf(options, owns.length);
  const signal = signalOf(manager, options);
  if (signal?.aborted) return rejected(signal);
  const runs = owns.map(
    (_, i) => new Run(manager, { runId: runIds[i] ?? newRunId(), name: options.name, signal }),
  );
  if (handlers.length === 0) return Promise.resolve(runs);
  const records = runs.map((run, i) => startRecord(run, event, owns[i] as OwnFields<E>, options));
  return dispatchAll(handlers, records).then(() => runs);
}
