import type { RunKind } from "../core/events.ts";
import type { AsyncRunManager, RunMethods } from "./base-run-manager.ts";
import type { Run } from "./run.ts";
import {
  AsyncCallbackManagerForChainRun,
  AsyncCallbackManagerForLLMRun,
  AsyncCallbackManagerForRetrieverRun,
  AsyncCallbackManagerForToolRun,
  type ParentInheritance,
} from "./run-managers.ts";

type RunManagerClasses = {
  [K in RunKind]: new (
    run: Run,
    inheritance: ParentInheritance,
  ) => AsyncRunManager & RunMethods<K>;
};

const RUN_MANAGERS = {
  llm: AsyncCallbackManagerForLLMRun,
  chain: AsyncCallbackManagerForChainRun,
  tool: AsyncCallbackManagerForToolRun,
  retriever: AsyncCallbackManagerForRetrieverRun,
} as const satisfies RunManagerClasses;

export type RunManagerOf<K extends RunKind> = InstanceType<(typeof RUN_MANAGERS)[K]>;

export const RUN_KINDS = Object.keys(RUN_MANAGERS) as readonly RunKind[];

export function runManagerOf<K extends RunKind>(
  kind: K,
  run: Run,
  inheritance: ParentInheritance,
): RunManagerOf<K>;
export function runManagerOf(kind: RunKind, run: Run, inheritance: ParentInheritance): RunManagerOf<RunKind> {
  return new RUN_MANAGERS[kind](run, inheritance);
}
