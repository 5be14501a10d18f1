import { checkOneOf } from "../common/validate.ts";
import type { RunKind } from "../core/events.ts";
import { inheritanceOf } from "./async-manager.ts";
import { BaseCallbackManager } from "./base-manager.ts";
import { Run } from "./run.ts";
import { newRunId } from "./run-id.ts";
import { RUN_KINDS, type RunManagerOf, runManagerOf } from "./run-kinds.ts";

/** The manager of a run whose start is not dispatched. */
export function silentRun<K extends RunKind>(
  kind: K,
  manager: BaseCallbackManager,
  runId: string,
): RunManagerOf<K> {
  const run = new Run(manager, { runId, name: undefined, signal: manager.signal });
  return runManagerOf(kind, run, inheritanceOf(manager));
}

/**
 * A run manager without handlers, with a new id: for code that needs one where nothing is traced. Throws
 * SIDECALL_OPTION_INVALID.
 */
export function noopRunManager<K extends RunKind>(kind: K): RunManagerOf<K> {
  checkOneOf("kind", kind, RUN_KINDS as readonly K[]);
  return silentRun(kind, new BaseCallbackManager(), newRunId());
}
