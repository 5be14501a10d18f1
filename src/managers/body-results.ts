import { attempt } from "../common/attempt.ts";
import { isObject, type JsonObject } from "../common/json-object.ts";
import { contentText, messageText } from "../core/message-text.ts";
import type { Generation, LLMResult } from "../core/payloads.ts";

/*
 * The result of a model's body as the response of its run.
 */

function generationOf(message: unknown): Generation {
  if (typeof message === "string") return { text: message };
  if (Array.isArray(message)) return { text: contentText(message), message };
  return { text: messageText(message), message };
}

/** OpenAI's own answer: a generation for each choice. */
function completionResult(completion: JsonObject, choices: readonly unknown[]): LLMResult {
  const generations = choices.filter(isObject).map((choice) => {
    const generation = generationOf(choice["message"] ?? choice);
    return { ...generation, generationInfo: { finishReason: choice["finish_reason"] ?? null } };
  });
  const { usage, model: modelName } = completion;
  return { generations: [generations], llmOutput: { usage, modelName } };
}

function resultOf(value: unknown): LLMResult {
  if (value === undefined || value === null) return { generations: [] };
  if (!isObject(value))
    return { generations: [[generationOf(typeof value === "object" ? value : String(value))]] };
  if ("generations" in value) return value as unknown as LLMResult;
  const { choices } = value;
  return Array.isArray(choices) ? completionResult(value, choices) : { generations: [[generationOf(value)]] };
}

/**
 * An `LLMResult` as it is; text, content blocks or a message as the one generation; an answer of OpenAI's API as one generation
 * for each choice. Never throws.
 */
export function responseOf(value: unknown): LLMResult {
  return attempt(() => resultOf(value)) ?? { generations: [[{ text: "", message: value }]] };
}
