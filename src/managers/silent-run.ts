import { checkOneOf } from "../common/validate.ts";
import type { RunKind } from "../core/events.ts";
import { inheritanceOf } from "./async-manager.ts";
import { BaseCallbackManager } from "./base-manager.ts";
import { Run } from "./run.ts";
import { newRunId } from "./run-id.ts";
import { RUN_KINDS, type RunManagerOf, runManagerOf } from "./run-kinds.ts";

/**
 * A run manager without handlers, with a new id: for code that needs one where nothing is traced. Throws
 * SIDECALL_OPTION_INVALID.
 */
export function noopRunManager<K extends RunKind>(kind: K): RunManagerOf<K> {
  checkOneOf("kind", kind, RUN_KINDS as readonly K[]);
  const manager = new BaseCallbackManager();
  const run = new Run(manager, { runId: newRunId(), name: undefined, signal: undefined });
  return runManagerOf(kind, run, inheritanceOf(manager));
}
