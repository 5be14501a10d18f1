import { isObject } from "../common/json-object.ts";
import { EVENTS, type EventRecord } from "../core/events.ts";
import type { StartRecord } from "../tracers/run-head.ts";
import { inputsOf } from "../tracers/run-values.ts";
import type { StreamedRunType } from "./stream-event.ts";

/*
 * What LangChain's events say of inputs, chunks and outputs, made from sidecall's records.
 */

export type ChunkRecord = EventRecord<"on_llm_new_token" | "on_chain_stream" | "on_tool_event">;
export type EndRecord = EventRecord<"on_llm_end" | "on_chain_end" | "on_tool_end" | "on_retriever_end">;
export type ErrorRecord = EventRecord<
  "on_llm_error" | "on_chain_error" | "on_tool_error" | "on_retriever_error"
>;

export function typeOf(record: StartRecord): StreamedRunType {
  if (record.event === "on_chat_model_start") return "chat_model";
  const runType = record.event === "on_chain_start" ? record.extra?.["runType"] : undefined;
  return runType === "prompt" || runType === "parser" ? runType : EVENTS[record.event].kind;
}

/** What a run began with; undefined if that is not known yet. */
export function inputOf(record: StartRecord): unknown {
  if (record.event === "on_chain_start") return record.inputs;
  if (record.event === "on_tool_start") return record.inputs ?? { input: record.input };
  return inputsOf(record);
}

/** Both kinds of models give text where the provider gave no chunk, or message, of its own. */
function aiMessage(content: string, runId: string): object {
  return { type: "ai", content, id: `run-${runId}` };
}

/** LangChain wraps the chunks of chat models; what its events show is the message in them. */
function unwrapped(chunk: unknown): unknown {
  return isObject(chunk) ? (chunk["message"] ?? chunk) : chunk;
}

export function chunkOf(record: ChunkRecord, type: StreamedRunType): unknown {
  if (record.event !== "on_llm_new_token") return record.chunk;
  const { chunk, token, runId } = record;
  if (type !== "chat_model") return chunk ?? { text: token };
  return chunk === undefined ? aiMessage(token, runId) : unwrapped(chunk);
}

function modelOutput({ response, runId }: EventRecord<"on_llm_end">, type: StreamedRunType): unknown {
  if (type === "chat_model") {
    const first = response.generations.flat()[0];
    return first && (first.message ?? aiMessage(first.text, runId));
  }
  return {
    generations: response.generations.map((completions) =>
      completions.map(({ text, generationInfo = null }) => ({
        text,
        generation_info: generationInfo,
        type: "Generation",
      })),
    ),
    llm_output: response.llmOutput ?? null,
  };
}

export function outputOf(record: EndRecord, type: StreamedRunType): unknown {
  switch (record.event) {
    case "on_llm_end":
      return modelOutput(record, type);
    case "on_chain_end":
      return record.outputs;
    case "on_tool_end":
      return record.output;
    case "on_retriever_end":
      return record.documents;
  }
}
