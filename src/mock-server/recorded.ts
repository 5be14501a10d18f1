import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { errorText, SidecallError } from "../common/errors.ts";
import { isObject, type JsonObject } from "../common/json-object.ts";
import { contentText } from "../core/message-text.ts";
import type { Answer, ToolCall } from "./answer.ts";
import { digest } from "./random.ts";
import type { RequestMessage } from "./request.ts";

/*
 * Answers recorded from a real model. Two shapes are known: `{instruction, output}`, found by the last user message,
 * and `{traj: [message, …]}`, found by all messages before the answer.
 */

function toolCallsOf(message: JsonObject): readonly ToolCall[] {
  const calls = message["tool_calls"];
  if (!Array.isArray(calls)) return [];
  return calls.filter(isObject).map((call, i) => {
    const called = isObject(call["function"]) ? call["function"] : {};
    return {
      id: String(call["id"] ?? `call_${i}`),
      name: String(called["name"] ?? ""),
      arguments: String(called["arguments"] ?? ""),
    };
  });
}

/** Hashes a conversation with one more message. */
function extend(conversation: string, message: JsonObject): string {
  const calls = toolCallsOf(message).map((call) => `${call.name}(${call.arguments})`);
  const { role, tool_call_id: answers } = message;
  return digest(conversation, String(role), contentText(message["content"]), String(answers ?? ""), ...calls);
}

export class RecordedAnswers {
  readonly #byInstruction = new Map<string, Answer>();
  readonly #byConversation = new Map<string, Answer>();

  get size(): number {
    return this.#byInstruction.size + this.#byConversation.size;
  }

  /** Adds one record; of several answers to one question the first is kept. Returns false for an unknown shape. */
  add(record: unknown): boolean {
    if (!isObject(record)) return false;
    const { instruction, output, traj } = record;
    if (typeof instruction === "string" && typeof output === "string") {
      if (!this.#byInstruction.has(instruction)) {
        this.#byInstruction.set(instruction, { content: output, toolCalls: [] });
      }
      return true;
    }
    if (!Array.isArray(traj)) return false;
    this.#addConversation(traj.filter(isObject));
    return true;
  }

  find(messages: readonly RequestMessage[]): Answer | undefined {
    const recorded = this.#byConversation.get(messages.reduce(extend, ""));
    if (recorded !== undefined) return recorded;
    const question = messages.findLast((message) => message.role === "user");
    return question && this.#byInstruction.get(contentText(question["content"]));
  }

  #addConversation(messages: readonly JsonObject[]): void {
    let conversation = "";
    for (const message of messages) {
      if (message["role"] === "assistant" && !this.#byConversation.has(conversation)) {
        const { content } = message;
        this.#byConversation.set(conversation, {
          content: content === null || content === undefined ? null : contentText(content),
          toolCalls: toolCallsOf(message),
        });
      }
      conversation = extend(conversation, message);
    }
  }
}

function parse(path: string, text: string): readonly unknown[] {
  if (/\.jsonl(\.gz)?$/.test(path)) {
    return text
      .split("\n")
      .filter((line) => line.trim() !== "")
      .map((line): unknown => JSON.parse(line));
  }
  const value: unknown = JSON.parse(text);
  return Array.isArray(value) ? value : [value];
}

/**
 * Reads recorded answers from a .json or .jsonl file, gzipped if it ends in .gz.
 * Throws SIDECALL_OPTION_INVALID for a file that cannot be read or holds neither shape.
 */
export async function loadRecorded(path: string): Promise<RecordedAnswers> {
  const recorded = new RecordedAnswers();
  let records: readonly unknown[];
  try {
    const bytes = await readFile(path);
    records = parse(path, (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8"));
  } catch (error) {
    throw new SidecallError(
      "SIDECALL_OPTION_INVALID",
      `Expected recorded to name a .json or .jsonl file, gzipped or not, got ${path}: ${errorText(error)}`,
      error,
    );
  }
  const unknown = records.findIndex((record) => !recorded.add(record));
  if (unknown !== -1) {
    throw new SidecallError(
      "SIDECALL_OPTION_INVALID",
      `Expected every record of ${path} to be {instruction, output} or {traj: [message, …]}; record ${unknown} is neither`,
    );
  }
  return recorded;
}
