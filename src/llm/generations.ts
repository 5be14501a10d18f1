import { attempt } from "../common/attempt.ts";
import { bounded, isObject, type JsonObject } from "../common/json-object.ts";
import { messageFields } from "../core/message-fields.ts";
import { contentText, messageText } from "../core/message-text.ts";
import type { LLMResult } from "../core/payloads.ts";

/*
 * Answers of models, read from payloads of any shape. Nothing here throws.
 */

/** The readable generations of each prompt. */
export function promptsOf(response: LLMResult): readonly (readonly JsonObject[])[] {
  const prompts: unknown = attempt(() => response.generations);
  if (!Array.isArray(prompts)) return [];
  // A list of generations without the list of prompts around it is one prompt's.
  return bounded(prompts).map((each) => bounded(Array.isArray(each) ? each : [each]).filter(isObject));
}

/** Every readable generation of every prompt. */
export function generationsOf(response: LLMResult): readonly JsonObject[] {
  return promptsOf(response).flat();
}

/** The fields of a generation's message, in whatever form it is. */
export function fieldsOf({ message }: JsonObject): JsonObject | undefined {
  return isObject(message) ? attempt(() => messageFields(message)) : undefined;
}

/** The text of a generation: its own, else its message's. */
export function generationText(generation: JsonObject): string {
  const own = attempt(() => contentText(generation["text"])) ?? "";
  return own === "" ? (attempt(() => messageText(generation["message"])) ?? "") : own;
}
