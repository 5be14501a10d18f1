import { attempt } from "../common/attempt.ts";
import { isObject, type JsonObject } from "../common/json-object.ts";
import { jsonText } from "../common/json-text.ts";
import { readMessage } from "./message-fields.ts";
import { toolCallsIn } from "./tool-calls.ts";

/*
 * The text of messages and of their contents. No function here throws, whatever it is given.
 */

/** Contents nest a few levels: results in blocks, blocks in messages. Deeper parts have no text. */
const MAX_DEPTH = 8;
/** Blocks of one content, over all levels: parts that are shared, or a list of holes, would take minutes. */
const MAX_BLOCKS = 100_000;
/** Characters of one content that consists of blocks. */
const MAX_CHARACTERS = 2 ** 26;

/** A way through a content: what may still be read. */
interface Walk {
  depth: number;
  blocks: number;
  characters: number;
}

function newWalk(): Walk {
  return { depth: MAX_DEPTH, blocks: MAX_BLOCKS, characters: MAX_CHARACTERS };
}

/** Types of blocks that hold what the model thought, which is no part of its answer. */
const THOUGHTS: ReadonlySet<unknown> = new Set(["reasoning", "thinking", "redacted_thinking"]);

/** Keys of a tool's result in the blocks that bring it: by the type of the block, … */
const RESULTS_BY_TYPE: ReadonlyMap<unknown, readonly string[]> = new Map([
  ["tool_result", ["content"]],
  ["mcp_tool_result", ["content"]],
  ["tool-result", ["output", "result"]],
  ["dynamic-tool", ["output", "errorText"]],
  ["function_call_output", ["output"]],
  ["custom_tool_call_output", ["output"]],
  ["shell_call_output", ["output"]],
  ["server_tool_call_result", ["output"]],
]);
/** … in the AI SDK's UI messages by a type that names the tool, … */
const UI_TOOL = /^tool-(?!call$|invocation$)/;
const UI_RESULT = ["output", "errorText"];
/** … and by the name of the property that wraps it, as Cohere's documents and Bedrock's results have it. */
const RESULT_WRAPPERS: readonly (readonly [wrapper: string, key: string])[] = [
  ["functionResponse", "response"],
  ["toolResult", "content"],
  ["toolInvocation", "result"],
  ["document", "data"],
];

/** Properties of Bedrock's blocks that wrap text. */
const TEXT_WRAPPERS = ["guardContent", "citationsContent"];

/** Fields that hold the text of a message, or of a block that is one. The first that has any counts. */
const TEXT_FIELDS = [
  "content",
  "parts",
  "text",
  "refusal",
  "transcript",
  "message",
  "audio",
  "output",
  ...TEXT_WRAPPERS,
];

/** Keys that make an element of a result's list a block, where it has no type. */
const UNTYPED_BLOCKS = ["text", "json", "image", "document", "video", ...TEXT_WRAPPERS];

function isBlock(value: unknown): boolean {
  if (!isObject(value)) return false;
  return typeof value["type"] === "string" || UNTYPED_BLOCKS.some((key) => key in value);
}

/** A tool's result: the text of its blocks, or JSON for a value of the tool's own. */
function resultText(result: unknown, walk: Walk): string {
  if (typeof result !== "object" || result === null || walk.depth <= 0) return textOf(result, walk);
  if (Array.isArray(result)) {
    const isContent = result.length > walk.blocks || result.every(isBlock);
    return isContent ? textOf(result, walk) : jsonText(result);
  }
  const { type, text, value } = result as JsonObject;
  if (typeof type === "string" && value !== undefined) return below(walk, () => resultText(value, walk));
  return typeof type === "string" && typeof text === "string" ? text : jsonText(result);
}

function below(walk: Walk, read: () => string): string {
  walk.depth -= 1;
  try {
    return read();
  } finally {
    walk.depth += 1;
  }
}

function firstText(keys: readonly string[], text: (key: string) => string): string {
  for (const key of keys) {
    const found = text(key);
    if (found !== "") return found;
  }
  return "";
}

/** The result that a block brings; undefined if the block is of another kind. */
function resultOf(block: JsonObject, walk: Walk): string | undefined {
  for (const [wrapper, key] of RESULT_WRAPPERS) {
    const wrapped = block[wrapper];
    if (isObject(wrapped)) return resultText(wrapped[key], walk);
  }
  const { type } = block;
  const isUiTool = typeof type === "string" && UI_TOOL.test(type);
  const keys = RESULTS_BY_TYPE.get(type) ?? (isUiTool ? UI_RESULT : undefined);
  return keys && firstText(keys, (key) => resultText(block[key], walk));
}

function isThought({ type, thought }: JsonObject): boolean {
  return THOUGHTS.has(type) || thought === true;
}

/** Of a block that is a message or holds one, and of messages themselves. */
function fieldsText(fields: JsonObject, walk: Walk): string {
  return resultOf(fields, walk) ?? firstText(TEXT_FIELDS, (key) => textOf(fields[key], walk));
}

function blockText(block: JsonObject, walk: Walk): string {
  if (isThought(block)) return "";
  const { text } = block;
  if (typeof text === "string") return textOf(text, walk);
  // OpenAI's Assistants API, and Bedrock's guarded text.
  if (isObject(text)) return textOf(text["value"] ?? text["text"], walk);
  // Bedrock's results.
  return "json" in block ? jsonText(block["json"]) : fieldsText(block, walk);
}

function listText(blocks: readonly unknown[], walk: Walk): string {
  const readable = blocks.length > walk.blocks ? blocks.slice(0, Math.max(walk.blocks, 0)) : blocks;
  return readable.map((block) => textOf(block, walk)).join("");
}

function textOf(content: unknown, walk: Walk): string {
  if (typeof content === "string") {
    walk.characters -= content.length;
    return walk.characters < 0 ? "" : content;
  }
  if (typeof content === "number" || typeof content === "bigint") return String(content);
  if (typeof content !== "object" || content === null || walk.depth <= 0 || walk.blocks <= 0) return "";
  walk.blocks -= 1;
  return below(walk, () =>
    Array.isArray(content)
      ? listText(content, walk)
      : (attempt(() => blockText(content as JsonObject, walk)) ?? ""),
  );
}

/**
 * The text of a message's content: a string, or its blocks and parts of text, refusals and tools' results. Images, other
 * data, and what the model thought are left out. Never throws.
 */
export function contentText(content: unknown): string {
  return typeof content === "string" ? content : (attempt(() => textOf(content, newWalk())) ?? "");
}

function textIn(fields: JsonObject, speaker: string): string {
  const { content } = fields;
  if (typeof content === "string" && content !== "") return content;
  // A tool's content may be a value of its own.
  if (speaker === "Tool" && isObject(content)) return resultText(content, newWalk());
  return isThought(fields) ? "" : fieldsText(fields, newWalk());
}

/** The text of a message in any form. Never throws. */
export function messageText(message: unknown): string {
  const read = attempt(() => readMessage(message));
  return (read && attempt(() => textIn(read.fields, read.speaker))) ?? "";
}

/** An answer's tool calls as its message has them; those of its content by name and arguments. */
function callsText(fields: JsonObject): string {
  const { tool_calls: calls, function_call: call } = fields;
  if (Array.isArray(calls) && calls.length > 0) return jsonText(calls);
  if (call !== undefined && call !== null) return jsonText(call);
  const others = toolCallsIn(fields);
  return others.length === 0 ? "" : jsonText(others.map(({ name, args }) => ({ name, args })));
}

/** Speakers whose messages have no calls; spares a search. */
const CALLING_NOTHING: ReadonlySet<string> = new Set(["Human", "System", "Tool", "Function"]);

function messageLine(message: unknown): string {
  const { fields, speaker } = readMessage(message);
  const line = `${speaker}: ${attempt(() => textIn(fields, speaker)) ?? ""}`;
  return CALLING_NOTHING.has(speaker) ? line : line + (attempt(() => callsText(fields)) ?? "");
}

/**
 * A conversation as text, one `Speaker: text` line per message, for handlers without `onChatModelStart`. The tool calls of
 * an answer follow its text as JSON. Messages may have any form, strings and `[role, content]` too. Never throws.
 */
export function bufferString(messages: readonly unknown[]): string {
  return messages.map((message) => attempt(() => messageLine(message)) ?? "").join("\n");
}
