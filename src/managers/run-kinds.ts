import { checkOneOf } from "../common/validate.ts";
import { inheritanceOf } from "./async-manager.ts";
import { BaseCallbackManager } from "./base-manager.ts";
import { Run } from "./run.ts";
import { newRunId } from "./run-id.ts";
import {
  AsyncCallbackManagerForChainRun,
  AsyncCallbackManagerForLLMRun,
  AsyncCallbackManagerForRetrieverRun,
  AsyncCallbackManagerForToolRun,
} from "./run-managers.ts";

const KINDS = {
  llm: AsyncCallbackManagerForLLMRun,
  chain: AsyncCallbackManagerForChainRun,
  tool: AsyncCallbackManagerForToolRun,
  retriever: AsyncCallbackManagerForRetrieverRun,
} as const;
type Kind = keyof typeof KINDS;

/** The manager of a run whose start nobody is told of. */
export function silentRun<K extends Kind>(
  kind: K,
  manager: BaseCallbackManager,
  runId: string,
): InstanceType<(typeof KINDS)[K]>;
export function silentRun(
  kind: Kind,
  manager: BaseCallbackManager,
  runId: string,
): InstanceType<(typeof KINDS)[Kind]> {
  const run = new Run(manager, { runId, name: undefined, signal: manager.signal });
  return new KINDS[kind](run, inheritanceOf(manager));
}

/**
 * A run manager that nobody hears, with a new id: for code that wants one where there is nothing to tell. Throws
 * SIDECALL_OPTION_INVALID.
 */
export function noopRunManager<K extends Kind>(kind: K): InstanceType<(typeof KINDS)[K]> {
  checkOneOf("kind", kind, Object.keys(KINDS) as K[]);
  return silentRun(kind, new BaseCallbackManager(), newRunId());
}
