import { attempt } from "../common/attempt.ts";
import { isObject, type JsonObject } from "../common/json-object.ts";
import { type EventRecord, startName } from "../core/events.ts";
import type { LLMResult } from "../core/payloads.ts";
import { fieldsOf, generationsOf } from "./generations.ts";

/** Stands for the name of a model that neither response nor start names. */
export const UNKNOWN_MODEL = "unknown";

/** Providers do not agree on the key: LangChain's, OpenAI, Gemini, the AI SDK and Bedrock. */
const MODEL_KEYS = [
  "model_name",
  "modelName",
  "model",
  "modelVersion",
  "model_version",
  "modelId",
  "model_id",
];

function firstName(candidates: Iterable<unknown>): string | undefined {
  for (const each of candidates) if (typeof each === "string" && each !== "") return each;
  return undefined;
}

function namedIn(holder: unknown): string | undefined {
  if (!isObject(holder)) return undefined;
  return firstName(MODEL_KEYS.map((key) => attempt(() => holder[key])));
}

/** Names of the response that brought a generation, before those of the message itself. */
function namedInGeneration(generation: JsonObject): string | undefined {
  const fields = fieldsOf(generation);
  const holders = [fields?.["response_metadata"], attempt(() => generation["generationInfo"]), fields];
  return firstName(holders.map(namedIn));
}

/** The model that a response names. Never throws. */
export function modelOfResponse(response: LLMResult): string | undefined {
  const whole = attempt(() => response.llmOutput);
  const names = generationsOf(response).map((each) => attempt(() => namedInGeneration(each)));
  return firstName([...names, namedIn(whole), namedIn(whole?.["response"]), namedIn(response)]);
}

/** The model that a run's start names: the model asked for, else the run's name. Never throws. */
export function modelOfStart(
  record: EventRecord<"on_llm_start" | "on_chat_model_start">,
): string | undefined {
  const { extra, metadata, serialized } = record;
  const sources: readonly (() => unknown)[] = [
    () => namedIn(extra?.["invocationParams"]),
    () => namedIn(extra?.["invocation_params"]),
    () => metadata["ls_model_name"],
    () => metadata["model"],
    () => namedIn(serialized?.["kwargs"]),
    () => startName(record),
  ];
  return firstName(sources.map(attempt));
}
