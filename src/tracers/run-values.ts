import { isObject } from "../common/json-object.ts";
import type { AnyEventRecord } from "../core/events.ts";
import { attempt } from "../llm/usage.ts";
import type { StartRecord } from "./run-head.ts";

/*
 * Inputs and outputs of runs as objects, whatever kind of run they are of.
 */

/** What went into a run, or came out of it, by name. */
export type RunValues = Readonly<Record<string, unknown>>;

function isPlain(value: unknown): value is RunValues {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = attempt(() => Object.getPrototypeOf(value));
  return prototype === Object.prototype || prototype === null;
}

/** A plain object is as it is; anything else gets a name. */
function named(name: string, value: unknown): RunValues {
  if (isPlain(value)) return value;
  return value === undefined ? {} : { [name]: value };
}

export function inputsOf(record: StartRecord): RunValues {
  switch (record.event) {
    case "on_llm_start":
      return { prompts: record.prompts };
    case "on_chat_model_start":
      return { messages: record.messages };
    case "on_chain_start":
      return named("input", record.inputs);
    case "on_tool_start":
      return named("input", record.inputs ?? record.input);
    case "on_retriever_start":
      return { query: record.query };
  }
}

/** Inputs that became known when a chain ended. */
export function lateInputsOf(record: AnyEventRecord): RunValues | undefined {
  const isChainEnd = record.event === "on_chain_end" || record.event === "on_chain_error";
  return isChainEnd && record.inputs !== undefined ? named("input", record.inputs) : undefined;
}

/** What an end brings; of a model's error, what had arrived before it. */
export function outputsOf(record: AnyEventRecord): object | undefined {
  switch (record.event) {
    case "on_llm_end":
    case "on_llm_error":
      return isObject(record.response) ? record.response : undefined;
    case "on_chain_end":
      return named("output", record.outputs);
    case "on_tool_end":
      return { output: record.output };
    case "on_retriever_end":
      return { documents: record.documents };
    default:
      return undefined;
  }
}

/** What is known besides when a run begins, or a tool fails. */
export function extraOf(record: AnyEventRecord): RunValues {
  const extra = "extra" in record ? record.extra : undefined;
  const toolCallId = toolCallIdOf(record);
  // What the application gave is looked into only where it must be: it may throw.
  return "toolCallId" in toolCallId ? { ...extra, ...toolCallId } : (extra ?? {});
}

export function toolCallIdOf(record: AnyEventRecord): RunValues {
  const toolCallId = "toolCallId" in record ? record.toolCallId : undefined;
  return toolCallId === undefined ? {} : { toolCallId };
}
