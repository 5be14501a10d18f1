import { attempt } from "../common/attempt.ts";
import { isObject } from "../common/json-object.ts";
import { EVENTS, type RecordOf, type StartRecord } from "../core/events.ts";
import { completionOf } from "../handlers/choices.ts";
import { generationsOf, generationText, promptsOf } from "../llm/generations.ts";
import { runTypeOf } from "../tracers/run-head.ts";
import { eventValue, toolCallIdOf } from "../tracers/run-values.ts";
import type { RunEventData, StreamedRunType } from "./stream-event.ts";

/*
 * The `data` of LangChain's events, made from sidecall's records. The event table names the field with an input, chunk or
 * output; this file knows the shapes that models and tools have besides.
 */

export type ChunkRecord = RecordOf<{ stream: "stream" }>;
export type EndRecord = RecordOf<{ stream: "end" }>;
export type ErrorRecord = RecordOf<{ stream: "error" }>;

export function streamedTypeOf(record: StartRecord): StreamedRunType {
  const own = EVENTS[record.event].kind === "chain" ? record.extra?.["runType"] : undefined;
  return own === "prompt" || own === "parser" ? own : runTypeOf(record);
}

/** The run's input as its start has it; undefined if it is not known yet. */
export function inputOf(record: StartRecord): unknown {
  const { kind, value } = EVENTS[record.event];
  if (kind === "chain") return eventValue(record);
  const structured = "inputs" in record ? record.inputs : undefined;
  return structured ?? { [value]: eventValue(record) };
}

/** A message in place of a chunk or answer for which the provider gave none. */
function aiMessage(content: string, runId: string): object {
  return { type: "ai", content, id: `run-${runId}` };
}

/** LangChain wraps the chunks of chat models; its events show the message inside. */
function unwrapped(chunk: unknown): unknown {
  return isObject(chunk) ? (chunk["message"] ?? chunk) : chunk;
}

function modelChunk({ chunk, token, runId }: RecordOf<{ value: "token" }>, type: StreamedRunType): unknown {
  if (type !== "chat_model") return chunk ?? { text: token };
  return chunk === undefined ? aiMessage(token, runId) : unwrapped(chunk);
}

/** Whether a model run was asked for several choices, or sends a token of another one than the first. */
export function hasChoices(record: StartRecord | ChunkRecord): boolean {
  if ("token" in record) return completionOf(record) > 0;
  const { extra } = record as Partial<StartRecord>;
  return [extra?.["invocationParams"], extra?.["invocation_params"]].some((params) => {
    const n = isObject(params) ? attempt(() => params["n"]) : undefined;
    return typeof n === "number" && n > 1;
  });
}

/** LangChain's envelope has no number of a chunk's choice; that is added where there are several. */
export function chunkData(record: ChunkRecord, type: StreamedRunType, ofSeveral: boolean): RunEventData {
  if (!("token" in record)) return { chunk: eventValue(record) };
  const chunk = modelChunk(record, type);
  return ofSeveral ? { chunk, index: record.index } : { chunk };
}

function modelOutput(
  { response, runId }: RecordOf<{ kind: "llm"; stream: "end" }>,
  type: StreamedRunType,
): unknown {
  if (type === "chat_model") {
    const [first] = generationsOf(response);
    return first && (first["message"] ?? aiMessage(generationText(first), runId));
  }
  return {
    generations: promptsOf(response).map((completions) =>
      completions.map((generation) => ({
        text: generationText(generation),
        generation_info: generation["generationInfo"] ?? null,
        type: "Generation",
      })),
    ),
    llm_output: response?.llmOutput ?? null,
  };
}

export function outputOf(record: EndRecord, type: StreamedRunType): unknown {
  return "response" in record ? modelOutput(record, type) : eventValue(record);
}

/** The id of the tool call that failed: the error's, else the start's. */
export function toolCallData(start: StartRecord, record: ErrorRecord): RunEventData {
  const tool_call_id = toolCallIdOf(record) ?? toolCallIdOf(start);
  return tool_call_id === undefined ? {} : { tool_call_id };
}
