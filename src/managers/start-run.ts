import { check, type OptionTable } from "../common/options.ts";
import { anySignal } from "../common/signals.ts";
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

/** Makes a run of `manager` and dispatches its start. */
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
  const run = new Run(manager, { runId: options.runId ?? newRunId(), name: options.name, signal });
  if (run.handlers.length > 0) await dispatch(run.handlers, startRecord(run, event, own, options));
  return run;
}

/** Makes one run for each of `owns` and dispatches their starts in parallel. */
export async function startRuns<E extends StartEvent>(
  manager: BaseCallbackManager,
  event: E,
  owns: readonly OwnFields<E>[],
  options: LLMStartOptions = {},
): Promise<Run[]> {
  const { handlers } = manager;
  prewakeAll(handlers, event, manager.traceId);
  check("options", LLM_START_OPTIONS, options);
  const runIds = runIdsOf(options, owns.length);
  const signal = openSignal(manager, options);
  const runs = owns.map(
    (_, i) => new Run(manager, { runId: runIds[i] ?? newRunId(), name: options.name, signal }),
  );
  if (handlers.length > 0) {
    const records = runs.map((run, i) => startRecord(run, event, owns[i] as OwnFields<E>, options));
    await dispatchAll(handlers, records);
  }
  return runs;
}
