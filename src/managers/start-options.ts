import { type OptionsOf, optional, signal, text, unchecked } from "../common/options.ts";
import { checkText, invalidOption } from "../common/validate.ts";

export const START_OPTIONS = {
  /** Id of the run; with several prompts, of the first one's. @default a new UUIDv7 */
  runId: text(),
  /** Name that tracers show. @default `serialized.name`, else the last part of `serialized.id` */
  name: text(),
  /** Further data about the run for handlers, such as `{ invocationParams }`. @default none */
  extra: optional<object>(unchecked),
  /** Cancels the run, beside the manager's own signal. @default none */
  signal: signal(),
};

export const TOOL_OPTIONS = {
  /** The tool's input as an object, beside its text. @default none */
  inputs: optional<unknown>(unchecked),
  /** @default none */
  toolCallId: optional<string>(unchecked),
};

const LLM_OPTIONS = {
  /** In place of `runId`: one id for each prompt or conversation. @default none */
  runIds: optional<readonly string[]>(unchecked),
};

export const TOOL_START_OPTIONS = { ...START_OPTIONS, ...TOOL_OPTIONS };
export const LLM_START_OPTIONS = { ...START_OPTIONS, ...LLM_OPTIONS };
export const CUSTOM_EVENT_OPTIONS = { runId: optional<string>(unchecked) };

export type StartOptions = OptionsOf<typeof START_OPTIONS>;
export interface ToolStartOptions extends StartOptions, OptionsOf<typeof TOOL_OPTIONS> {}
export interface LLMStartOptions extends StartOptions, OptionsOf<typeof LLM_OPTIONS> {}

/** The given ids of `count` runs; undefined where a new one is needed. Throws SIDECALL_OPTION_INVALID. */
export function runIdsOf({ runId, runIds }: LLMStartOptions, count: number): readonly (string | undefined)[] {
  if (runIds === undefined) return [runId];
  if (runId !== undefined) throw invalidOption("runId", "left out where `runIds` is given", runId);
  if (!Array.isArray(runIds) || runIds.length !== count) {
    throw invalidOption("runIds", `${count} ids, one for each run`, runIds);
  }
  for (const each of runIds) if (each !== undefined) checkText("runIds", each);
  return runIds;
}
