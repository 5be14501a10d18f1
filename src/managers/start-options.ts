import { checkKeys, checkSignal, checkText, invalidOption } from "../common/validate.ts";

export interface StartOptions {
  /** Id of the run; with several prompts, of the first one's. @default a new UUIDv7 */
  readonly runId?: string;
  /** The name that tracers show. @default `serialized.name`, else the last part of `serialized.id` */
  readonly name?: string;
  /** Further properties of the run for its handlers, such as `{ invocationParams }`. @default none */
  readonly extra?: Readonly<Record<string, unknown>>;
  /** Cancels the run, as the manager's own signal does. @default none */
  readonly signal?: AbortSignal | undefined;
}

export interface ToolStartOptions extends StartOptions {
  /** The tool's input as an object, beside its text. @default none */
  readonly inputs?: unknown;
  readonly toolCallId?: string;
}

export interface LLMStartOptions extends StartOptions {
  /** One id for each prompt or conversation, in place of `runId`. */
  readonly runIds?: readonly string[];
}

export const START_KEYS = ["runId", "name", "extra", "signal"] as const satisfies (keyof StartOptions)[];
export const LLM_START_KEYS = [...START_KEYS, "runIds"] as const satisfies (keyof LLMStartOptions)[];
export const TOOL_START_KEYS = [
  ...START_KEYS,
  "inputs",
  "toolCallId",
] as const satisfies (keyof ToolStartOptions)[];

/** Throws SIDECALL_OPTION_INVALID. */
export function checkStart(options: StartOptions, keys: readonly string[]): void {
  checkKeys("options", options, keys);
  checkSignal("signal", options.signal);
  checkText("runId", options.runId);
  checkText("name", options.name);
}

/** Throws SIDECALL_OPTION_INVALID for a value that is no array. */
export function checkList(name: string, list: readonly unknown[]): void {
  if (!Array.isArray(list)) throw invalidOption(name, "an array", list);
}

/** The given ids of `count` runs; undefined where a new one is needed. Throws SIDECALL_OPTION_INVALID. */
export function runIdsOf({ runId, runIds }: LLMStartOptions, count: number): readonly (string | undefined)[] {
  if (runIds === undefined) return [runId];
  if (runId !== undefined) throw invalidOption("runId", "left out where `runIds` is given", runId);
  if (!Array.isArray(runIds) || runIds.length !== count) {
    throw invalidOption("runIds", `${count} ids, one for each run`, runIds);
  }
  for (const each of runIds) checkText("runIds", each);
  return runIds;
}
