import { attempt } from "../common/attempt.ts";
import { bounded, isObject, type JsonObject } from "../common/json-object.ts";
import { jsonText } from "../common/json-text.ts";
import { answerIn, messageFields } from "./message-fields.ts";

/*
 * Tool calls of a message, wherever its provider has them: OpenAI (both APIs), LangChain, Anthropic, Gemini, Bedrock,
 * Cohere, Ollama, the AI SDK.
 */

export interface ToolCall {
  readonly id: string | undefined;
  readonly name: string;
  /** As the model wrote them: JSON text, or a value. */
  readonly args: unknown;
  /** False for a call that the provider has carried out itself, and for one whose result stands beside it. */
  readonly isOpen: boolean;
}

/** Types of content blocks, parts and items that are calls. */
const CALL_TYPES: ReadonlySet<unknown> = new Set([
  "tool_use",
  "tool_call",
  "invalid_tool_call",
  "function_call",
  "custom_tool_call",
  "tool-call",
  "tool-invocation",
  "dynamic-tool",
]);
/** Types of calls that the provider carries out. */
const SERVER_TYPES: ReadonlySet<unknown> = new Set([
  "server_tool_use",
  "mcp_tool_use",
  "server_tool_call",
  "mcp_call",
]);
/** The AI SDK's UI messages name the tool in the type of a part. */
const UI_PREFIX = "tool-";
const UI_OTHERS: ReadonlySet<unknown> = new Set([
  "tool-call",
  "tool-invocation",
  "tool-result",
  "tool-error",
]);

/** Properties that hold the call itself. Those of `PART_WRAPPERS` make a part a call without a type. */
const PART_WRAPPERS = ["functionCall", "toolUse"];
const WRAPPERS = [...PART_WRAPPERS, "function", "custom", "toolInvocation"];
const NAMES = ["name", "toolName"];
const ARGUMENTS = ["arguments", "args", "input", "parameters"];
/** OpenAI's items have an `id` of their own beside the call's. */
const IDS = ["call_id", "toolCallId", "toolUseId", "id"];
const RESULTS = ["output", "result"];

function firstOf(keys: readonly string[], holders: readonly JsonObject[]): unknown {
  for (const holder of holders) {
    for (const key of keys) if (holder[key] !== undefined && holder[key] !== null) return holder[key];
  }
  return undefined;
}

function isUiPart(type: unknown): type is string {
  return typeof type === "string" && type.startsWith(UI_PREFIX) && !UI_OTHERS.has(type);
}

/** Whether a content block, part or item is a tool call. */
function isCall(block: JsonObject): boolean {
  const { type } = block;
  if (CALL_TYPES.has(type) || SERVER_TYPES.has(type) || isUiPart(type)) return true;
  return PART_WRAPPERS.some((key) => isObject(block[key]));
}

function readCall(raw: JsonObject): ToolCall {
  const { type } = raw;
  const inner = WRAPPERS.map((key) => raw[key]).find(isObject);
  const holders = inner === undefined ? [raw] : [inner, raw];
  const name = firstOf(NAMES, holders) ?? (isUiPart(type) ? type.slice(UI_PREFIX.length) : "");
  const id = firstOf(IDS, holders.toReversed());
  const isServed = SERVER_TYPES.has(type) || raw["providerExecuted"] === true;
  return {
    id: typeof id === "string" ? id : undefined,
    name: typeof name === "string" ? name : "",
    args: firstOf(ARGUMENTS, holders),
    isOpen: !isServed && firstOf(RESULTS, holders) === undefined,
  };
}

function listOf(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? bounded(value).filter(isObject) : [];
}

function one(value: unknown): readonly JsonObject[] {
  return isObject(value) ? [value] : [];
}

function blocksOf(value: unknown): readonly JsonObject[] {
  return listOf(value).filter((block) => attempt(() => isCall(block)) === true);
}

/** Places of a message's calls. Several places of one message hold the same calls. */
const PLACES: readonly ((fields: JsonObject) => readonly JsonObject[])[] = [
  (fields) => [...listOf(fields["tool_calls"]), ...listOf(fields["invalid_tool_calls"])],
  (fields) => listOf(fields["toolCalls"]),
  (fields) => one(fields["function_call"]),
  (fields) => blocksOf(fields["content"]),
  (fields) => (isObject(fields["content"]) ? blocksOf(fields["content"]["parts"]) : []),
  (fields) => blocksOf(fields["parts"]),
  (fields) => blocksOf(fields["output"]),
  (fields) => listOf(fields["toolInvocations"]),
  (fields) =>
    isObject(fields["additional_kwargs"]) ? listOf(fields["additional_kwargs"]["tool_calls"]) : [],
  (fields) =>
    isObject(fields["additional_kwargs"]) ? one(fields["additional_kwargs"]["function_call"]) : [],
  (fields) => blocksOf([fields]),
];

/**
 * Adds the calls of another place, without those that stand for a call that is known: by id, or by name where one of the
 * two has no id.
 */
function merged(known: readonly ToolCall[], more: readonly ToolCall[]): readonly ToolCall[] {
  const ids = new Set(known.map(({ id }) => id));
  const spare = new Map<string, number>();
  for (const { name } of known) spare.set(name, (spare.get(name) ?? 0) + 1);
  const added = more.filter(({ id, name }) => {
    const left = spare.get(name) ?? 0;
    const isKnown = id !== undefined && !ids.has(undefined) ? ids.has(id) : left > 0;
    if (isKnown) spare.set(name, left - 1);
    return !isKnown;
  });
  return added.length === 0 ? known : [...known, ...added];
}

/** The calls among a message's fields, each once. Never throws. */
export function toolCallsIn(fields: JsonObject): readonly ToolCall[] {
  let calls: readonly ToolCall[] = [];
  for (const place of PLACES) {
    const found = attempt(() => place(fields)) ?? [];
    if (found.length > 0)
      calls = merged(
        calls,
        found.flatMap((raw) => attempt(() => readCall(raw)) ?? []),
      );
  }
  return calls;
}

/** The calls of a message in any form, each once. Never throws. */
export function toolCallsOf(message: unknown): readonly ToolCall[] {
  const fields = attempt(() => messageFields(message));
  return fields === undefined ? [] : toolCallsIn(attempt(() => answerIn(fields)) ?? fields);
}

/** A call's arguments as text: JSON, with marks for what JSON has no form for. */
export function argumentsText({ args }: ToolCall): string {
  if (args === undefined) return "";
  return typeof args === "string" ? args : jsonText(args);
}
