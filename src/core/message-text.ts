import type { ChatMessage } from "./payloads.ts";

/** Speakers by a message's `role` (OpenAI) or `type` (LangChain). */
const SPEAKERS: Readonly<Record<string, string>> = {
  human: "Human",
  user: "Human",
  ai: "AI",
  assistant: "AI",
  system: "System",
  developer: "System",
  function: "Function",
  tool: "Tool",
};

/** The text of a message's content; blocks that are not text are left out. */
export function contentText(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map(blockText).join("");
}

function blockText(block: unknown): string {
  if (typeof block === "string") return block;
  if (typeof block !== "object" || block === null || !("text" in block)) return "";
  return typeof block.text === "string" ? block.text : "";
}

function messageLine(message: ChatMessage): string {
  const kind = message.type ?? message.role ?? "";
  const speaker = kind === "chat" || kind === "generic" ? (message.role ?? kind) : (SPEAKERS[kind] ?? kind);
  const line = `${speaker}: ${contentText(message.content)}`;
  if (speaker !== "AI") return line;
  const calls = message["tool_calls"];
  if (Array.isArray(calls) && calls.length > 0) return line + JSON.stringify(calls);
  const call = message["function_call"];
  return call === undefined || call === null ? line : line + JSON.stringify(call);
}

/** A conversation as text, one `Speaker: text` line per message, for handlers without `onChatModelStart`. */
export function bufferString(messages: readonly ChatMessage[]): string {
  return messages.map(messageLine).join("\n");
}
