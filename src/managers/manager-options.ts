import { isObject } from "../common/json-object.ts";
import { check, type OptionsOf, optional, signal, strings, unchecked } from "../common/options.ts";
import { invalidOption } from "../common/validate.ts";
import { checkHandlers } from "./check-handlers.ts";

/** A parent of runs: a run manager, or the ids of a run that is traced elsewhere. */
export interface ParentRun {
  readonly runId: string;
  readonly traceId: string;
  /** The run above. @default unknown */
  readonly parent?: ParentRun | undefined;
}

/** Refuses strings and arrays too: spreading them would make keys of their characters and items. */
export function checkMetadata(name: string, metadata: unknown): Readonly<Record<string, unknown>> {
  if (isObject(metadata)) return metadata;
  throw invalidOption(name, "an object", metadata);
}

export function checkParent(name: string, run: unknown): ParentRun {
  const { runId, traceId }: Partial<ParentRun> = run ?? {};
  if (typeof runId === "string" && typeof traceId === "string") return run as ParentRun;
  throw invalidOption(name, "a run manager, or an object with `runId` and `traceId`", run);
}

const MANAGER_OPTIONS = {
  /** Handlers of this manager's own runs. @default [] */
  handlers: optional(checkHandlers),
  /** Handlers that children of its runs get too. @default [] */
  inheritableHandlers: optional(checkHandlers),
  /** @default [] */
  tags: strings(),
  /** @default [] */
  inheritableTags: strings(),
  /** @default {} */
  metadata: optional<object>(checkMetadata),
  /** @default {} */
  inheritableMetadata: optional<object>(checkMetadata),
  /** The run under which this manager's runs hang. @default none: its runs are roots */
  parent: optional(checkParent),
  /** In place of `parent`: its id. @default none */
  parentRunId: optional<string>(unchecked),
  /** The trace of the parent run. @default the parent's own id, as if it were a root */
  traceId: optional<string>(unchecked),
  /** Cancels this manager's runs. @default none */
  signal: signal(),
};
export type ManagerOptions = OptionsOf<typeof MANAGER_OPTIONS>;

/** Throws SIDECALL_OPTION_INVALID. */
export function checkManagerOptions(options: ManagerOptions): void {
  check("options", MANAGER_OPTIONS, options);
  const { parent, parentRunId = parent?.runId } = options;
  if (parent !== undefined && parentRunId !== parent.runId) {
    throw invalidOption("parentRunId", "the id of `parent`, or left out", parentRunId);
  }
}
