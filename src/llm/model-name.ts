import { isObject, type JsonObject } from "../common/json-object.ts";
import { type EventRecord, startName } from "../core/events.ts";
import type { LLMResult } from "../core/payloads.ts";
import { generationsOf, messageFields } from "./usage.ts";

/** Stands for the name of a model that neither response nor start names. */
export const UNKNOWN_MODEL = "unknown";

/** LangChain's providers do not agree on the key. */
const MODEL_KEYS = ["model_name", "modelName", "model"];

function firstName(candidates: readonly unknown[]): string | undefined {
  return candidates.find((each): each is string => typeof each === "string" && each !== "");
}

function namedIn(holder: unknown): string | undefined {
  return isObject(holder) ? firstName(MODEL_KEYS.map((key) => holder[key])) : undefined;
}

function namedInMessage(generation: JsonObject): string | undefined {
  return namedIn(messageFields(generation)?.["response_metadata"]);
}

/** The model that a response names. */
export function modelOfResponse(response: LLMResult): string | undefined {
  return firstName(generationsOf(response).map(namedInMessage)) ?? namedIn(response?.llmOutput);
}

/** The model that a run's start names: the model asked for, else the run's name. */
export function modelOfStart(
  record: EventRecord<"on_llm_start" | "on_chat_model_start">,
): string | undefined {
  const { extra, metadata, serialized } = record;
  return firstName([
    namedIn(extra?.["invocationParams"]),
    namedIn(extra?.["invocation_params"]),
    metadata["ls_model_name"],
    metadata["model"],
    namedIn(serialized?.["kwargs"]),
    startName(record),
  ]);
}
