import { attempt } from "../common/attempt.ts";
import { isObject, type JsonObject } from "../common/json-object.ts";

/*
 * Messages as LangChain (instances, serialised and stored ones), OpenAI, Anthropic, Gemini, Cohere and the AI SDK write
 * them. Each form is reduced to its fields and the words that may name its speaker; nothing is imported to recognise one.
 */

/** Speakers by a message's role, type or class. A Map: a role such as "constructor" finds nothing. */
const SPEAKERS: ReadonlyMap<string, string> = new Map([
  ["human", "Human"],
  ["user", "Human"],
  ["ai", "AI"],
  ["assistant", "AI"],
  ["model", "AI"],
  ["chatbot", "AI"],
  ["system", "System"],
  ["developer", "System"],
  ["function", "Function"],
  ["tool", "Tool"],
]);

/** Types of messages whose role is a free text. */
const FREE_TYPES: ReadonlySet<unknown> = new Set(["chat", "generic"]);
/** Types of OpenAI's items that are no messages of a role: calls of any kind, their outputs, and thoughts. */
const ITEM_OUTPUT = /_call_output$/;
const ITEM_CALL = /^reasoning$|_call$/;

function itemRole(type: unknown): string | undefined {
  if (typeof type !== "string") return undefined;
  if (ITEM_OUTPUT.test(type)) return "tool";
  return ITEM_CALL.test(type) ? "assistant" : undefined;
}

/** A message in any form, as its fields and its words for the speaker: type, role and class. */
interface MessageParts {
  readonly fields: JsonObject;
  readonly type: unknown;
  readonly role: unknown;
  /** Source of the class's name; read only if type and role do not name the speaker. */
  readonly self: JsonObject | undefined;
}

/** Of `["user", "hi"]`. */
function ofPair([role, content]: readonly unknown[]): MessageParts {
  return { fields: { content }, type: undefined, role, self: undefined };
}

function partsOf(message: unknown): MessageParts {
  if (typeof message === "string") return ofPair(["user", message]);
  if (Array.isArray(message)) return ofPair(message);
  if (!isObject(message)) return ofPair(["", message]);
  const { type, role, content } = message;
  if (content !== undefined) return { fields: message, type, role, self: message };
  const { kwargs, data } = message;
  // LangChain's serialised form names the class, its stored form the type.
  if (isObject(kwargs)) return { fields: kwargs, type: kwargs["type"], role: kwargs["role"], self: message };
  const isStored = isObject(data) && role === undefined && message["parts"] === undefined;
  if (isStored) return { fields: data, type, role: data["role"], self: undefined };
  return { fields: message, type, role, self: message };
}

/** The fields of a message in any form. Getters may throw. */
export function messageFields(message: unknown): JsonObject {
  return partsOf(message).fields;
}

/** Finds `human` by `HumanMessage` and `HUMAN`, too. */
function knownSpeaker(word: unknown): string | undefined {
  if (typeof word !== "string") return undefined;
  return SPEAKERS.get(word) ?? SPEAKERS.get(word.toLowerCase().replace(/message(chunk)?$/, ""));
}

function lastOf(id: unknown): unknown {
  return Array.isArray(id) ? id.at(-1) : undefined;
}

/** The words of a LangChain instance or of its serialised form: class id, `getType()`, name of the class. */
function speakerOfClass(self: JsonObject): string | undefined {
  const words: readonly (() => unknown)[] = [
    () => lastOf(self["id"]),
    () => lastOf(self["lc_id"]),
    () => (typeof self["getType"] === "function" ? self["getType"]() : undefined),
    () => (typeof self["_getType"] === "function" ? self["_getType"]() : undefined),
    () => Object.getPrototypeOf(self)?.constructor?.name,
  ];
  for (const word of words) {
    const speaker = knownSpeaker(attempt(word));
    if (speaker !== undefined) return speaker;
  }
  return undefined;
}

function isWord(word: unknown): word is string {
  return typeof word === "string" && word !== "" && word !== "message";
}

/** Whether a word names a speaker, as in `["user", "hi"]`. */
export function isSpeaker(word: unknown): boolean {
  return knownSpeaker(word) !== undefined;
}

/** The message of the first choice, where a whole response of OpenAI or Gemini stands in place of a message. */
export function answerIn({ content, choices, candidates }: JsonObject): JsonObject | undefined {
  const list = content === undefined ? (choices ?? candidates) : undefined;
  const first: unknown = Array.isArray(list) ? list[0] : undefined;
  const answer = isObject(first) ? (first["message"] ?? first["content"]) : undefined;
  return isObject(answer) ? answer : undefined;
}

/** A message's fields, and its speaker as buffer strings name it; a role that is not known stands for itself. */
export function readMessage(message: unknown): { readonly fields: JsonObject; readonly speaker: string } {
  const parts = partsOf(message);
  const answer = answerIn(parts.fields);
  const { fields, type, role, self } = answer === undefined ? parts : partsOf(answer);
  if (FREE_TYPES.has(type) && isWord(role)) return { fields, speaker: role };
  const known = knownSpeaker(type) ?? knownSpeaker(role) ?? knownSpeaker(itemRole(type));
  const speaker = known ?? (self && speakerOfClass(self)) ?? [type, role].find(isWord) ?? "";
  return { fields, speaker };
}

/** Whether a value has the form of a message object. Getters may throw. */
export function isMessage(value: unknown): boolean {
  return isObject(value) && ("content" in value || "parts" in value || messageFields(value) !== value);
}
