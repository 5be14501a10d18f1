import { isObject } from "../common/json-object.ts";
import { checkKeys, checkSignal, invalidOption } from "../common/validate.ts";
import type { CallbackHandler } from "../core/handler.ts";

/** A parent of runs: a run manager, or the ids of a run that is traced elsewhere. */
export interface ParentRun {
  readonly runId: string;
  readonly traceId: string;
  /** The run above. @default unknown */
  readonly parent?: ParentRun | undefined;
}

export interface ManagerOptions {
  /** Handlers of this manager's own runs. @default [] */
  readonly handlers?: readonly CallbackHandler[];
  /** Handlers that the children of its runs inherit. @default [] */
  readonly inheritableHandlers?: readonly CallbackHandler[];
  /** @default [] */
  readonly tags?: readonly string[];
  /** @default [] */
  readonly inheritableTags?: readonly string[];
  /** @default {} */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** @default {} */
  readonly inheritableMetadata?: Readonly<Record<string, unknown>>;
  /** The parent of this manager's runs. @default none: its runs are roots */
  readonly parent?: ParentRun | undefined;
  /** The parent's id, in place of `parent`. */
  readonly parentRunId?: string | undefined;
  /** The trace of the parent run. @default the parent's own id, as if it were a root */
  readonly traceId?: string | undefined;
  /** Cancels this manager's runs. @default none */
  readonly signal?: AbortSignal | undefined;
}

const OPTION_KEYS = [
  "handlers",
  "inheritableHandlers",
  "tags",
  "inheritableTags",
  "metadata",
  "inheritableMetadata",
  "parent",
  "parentRunId",
  "traceId",
  "signal",
] as const satisfies (keyof ManagerOptions)[];

/** Refuses classes and promises of handlers too: as handlers they would drop every event in silence. */
export function checkHandlers(name: string, handlers: readonly CallbackHandler[]): void {
  if (!Array.isArray(handlers)) throw invalidOption(name, "an array of handlers", handlers);
  for (const [i, handler] of handlers.entries()) {
    const given: unknown = handler;
    if (typeof given === "object" && given !== null && !(given instanceof Promise)) continue;
    throw invalidOption(`${name}[${i}]`, "a handler: an object, such as a class's instance", given);
  }
}

export function checkTags(name: string, tags: readonly string[]): void {
  const isList = Array.isArray(tags) && tags.every((tag) => typeof tag === "string");
  if (!isList) throw invalidOption(name, "an array of strings", tags);
}

/** Refuses strings and arrays too: spreading them would make keys of their characters and items. */
export function checkMetadata(name: string, metadata: Readonly<Record<string, unknown>>): void {
  if (!isObject(metadata)) throw invalidOption(name, "an object", metadata);
}

export function checkParent(name: string, run: ParentRun): void {
  const { runId, traceId }: Partial<ParentRun> = run ?? {};
  if (typeof runId === "string" && typeof traceId === "string") return;
  throw invalidOption(name, "a run manager, or an object with `runId` and `traceId`", run);
}

/** Throws SIDECALL_OPTION_INVALID. */
export function checkManagerOptions(options: ManagerOptions): void {
  checkKeys("options", options, OPTION_KEYS);
  const { handlers = [], inheritableHandlers = [], tags = [], inheritableTags = [] } = options;
  checkHandlers("handlers", handlers);
  checkHandlers("inheritableHandlers", inheritableHandlers);
  checkTags("tags", tags);
  checkTags("inheritableTags", inheritableTags);
  const { metadata = {}, inheritableMetadata = {} } = options;
  checkMetadata("metadata", metadata);
  checkMetadata("inheritableMetadata", inheritableMetadata);
  checkSignal("signal", options.signal);
  if (options.parent !== undefined) checkParent("parent", options.parent);
  const { parent, parentRunId = parent?.runId } = options;
  if (parent !== undefined && parentRunId !== parent.runId) {
    throw invalidOption("parentRunId", "the id of `parent`, or left out", parentRunId);
  }
}
