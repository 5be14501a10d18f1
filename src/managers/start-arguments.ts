import { isObject } from "../common/json-object.ts";
import { checkText, invalidOption } from "../common/validate.ts";
import { isSpeaker } from "../core/message-fields.ts";
import type { Serialized } from "../core/payloads.ts";

/*
 * Checks of what a start is given beside its options. Each throws SIDECALL_OPTION_INVALID.
 */

/** The description of what runs. A name alone would be shown nowhere: handlers look for `name` in an object. */
export function serializedOf(serialized: unknown): Serialized | null {
  if (isObject(serialized)) return serialized;
  if (serialized === null || serialized === undefined) return null;
  const example = typeof serialized === "string" ? JSON.stringify(serialized.slice(0, 40)) : '"my-model"';
  const expected = `an object that describes what runs, such as \`{ name: ${example} }\`, or null`;
  throw invalidOption("serialized", expected, serialized);
}

export function checkPrompts(prompts: readonly string[]): void {
  if (!Array.isArray(prompts))
    throw invalidOption("prompts", "an array of strings, one for each run", prompts);
  for (const [i, prompt] of prompts.entries()) {
    if (typeof prompt === "object") throw invalidOption(`prompts[${i}]`, MESSAGES_ELSEWHERE, prompt);
    checkText(`prompts[${i}]`, prompt);
  }
}
const MESSAGES_ELSEWHERE = "a string; messages go to `onChatModelStart`";

/** Of `["user", "hi"]`, which is a message, and would pass for a conversation of two. */
function isPair(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && isSpeaker(value[0]);
}

const CONVERSATIONS =
  "an array of conversations, each an array of messages: `[messages]` for one conversation";

export function checkConversations(conversations: readonly unknown[]): void {
  if (!Array.isArray(conversations)) throw invalidOption("conversations", CONVERSATIONS, conversations);
  const isFlat = conversations.some((each) => !Array.isArray(each)) || conversations.some(isPair);
  if (isFlat) throw invalidOption("conversations", CONVERSATIONS, conversations);
}
