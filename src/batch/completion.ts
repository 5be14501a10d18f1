import type { ChatCompletionChunk } from "openai/resources/chat/completions";
import { isObject, type JsonObject } from "../common/json-object.ts";
import type { Generation, LLMResult } from "../core/payloads.ts";

/*
 * Reassembles a chat completion from the chunks of its stream. Texts are appended, list entries are merged by their
 * `index`, names and ids are replaced. The rule holds for all fields, so those of some servers only (such as
 * `reasoning_content`) are complete too.
 */

type Mutable = Record<string, unknown>;

/** Fields that a server may repeat in every chunk. */
const REPLACED = new Set(["id", "type", "role", "name", "index", "finish_reason"]);

function mergeList(list: unknown[], more: readonly unknown[]): void {
  for (const entry of more) {
    const known = isObject(entry) && "index" in entry ? list.find((own) => isSame(own, entry)) : undefined;
    if (isObject(known) && isObject(entry)) merge(known, entry);
    else list.push(entry);
  }
}

function isSame(own: unknown, entry: JsonObject): boolean {
  return isObject(own) && own["index"] === entry["index"];
}

function merge(into: Mutable, delta: JsonObject): void {
  for (const [key, value] of Object.entries(delta)) {
    if (key === "__proto__" || value === undefined || value === null) continue;
    const had = into[key];
    if (Array.isArray(value) && (had === undefined || had === null)) {
      // Merged one by one, since one list may hold several parts of one entry.
      const list: unknown[] = [];
      mergeList(list, value);
      into[key] = list;
    } else if (had === undefined || had === null || REPLACED.has(key)) into[key] = value;
    else if (typeof had === "string" && typeof value === "string") into[key] = had + value;
    else if (Array.isArray(had) && Array.isArray(value)) mergeList(had, value);
    else if (isObject(had) && isObject(value)) merge(had, value);
    else into[key] = value;
  }
}

interface Choice {
  readonly index: number;
  readonly message: Mutable;
  logprobs: unknown;
  finishReason: string | null;
}

/** The text that one chunk adds to a choice. */
export interface Piece {
  readonly choice: number;
  readonly text: string;
}

/** Sorts tool calls by index and drops the index, which a whole message does not have. */
function wholeCalls(calls: readonly unknown[]): JsonObject[] {
  const sorted = calls.filter(isObject).sort((a, b) => Number(a["index"] ?? 0) - Number(b["index"] ?? 0));
  return sorted.map(({ index: _, ...call }) => call);
}

function messageOf({ message }: Choice): JsonObject {
  const { role = "assistant", content = null, refusal = null, tool_calls: calls, ...rest } = message;
  const toolCalls = Array.isArray(calls) && calls.length > 0 ? { tool_calls: wholeCalls(calls) } : {};
  return { role, content, refusal, ...rest, ...toolCalls };
}

export class CompletionBuilder {
  #head: JsonObject = {};
  #choices: Choice[] = [];
  #usage: ChatCompletionChunk["usage"];
  /** Whether content or a tool call has arrived. */
  hasContent = false;

  get usage(): ChatCompletionChunk["usage"] {
    return this.#usage;
  }

  /** Whether the answer is complete: there is a choice, and every choice has a finish reason. */
  get isFinished(): boolean {
    return this.#choices.length > 0 && this.#choices.every((choice) => choice.finishReason !== null);
  }

  /** Adds a chunk and returns its texts. Accepts chunks without choices, delta or index, as some servers send them. */
  add(chunk: ChatCompletionChunk): Piece[] {
    const { choices, usage, object: _, ...head } = chunk;
    if (usage !== undefined && usage !== null) this.#usage = usage;
    // Taken once per answer, and again if the first chunk had no id, as with some servers.
    if (head.id !== this.#head["id"]) this.#head = { ...this.#head, ...head };
    const pieces: Piece[] = [];
    for (const { index, delta, finish_reason: finishReason, logprobs } of choices ?? []) {
      const choice = this.#choice(index ?? 0);
      if (delta !== undefined && delta !== null) {
        merge(choice.message, delta as unknown as JsonObject);
        if (delta.content || delta.tool_calls?.length) this.hasContent = true;
        if (delta.content) pieces.push({ choice: choice.index, text: delta.content });
      }
      if (logprobs) this.#addLogprobs(choice, logprobs as unknown as JsonObject);
      if (finishReason) choice.finishReason = finishReason;
    }
    return pieces;
  }

  /** Returns the completion as a server sends it without streaming. */
  body(): JsonObject {
    const choices = this.#choices.map((choice) => ({
      index: choice.index,
      message: messageOf(choice),
      logprobs: choice.logprobs,
      finish_reason: choice.finishReason,
    }));
    const usage = this.#usage === undefined ? {} : { usage: this.#usage };
    return { ...this.#head, object: "chat.completion", choices, ...usage };
  }

  /** Returns the completion as a model run's result: one prompt, one generation per choice. */
  result(model: string): LLMResult {
    const generations = this.#choices.map((choice): Generation => {
      const message = messageOf(choice);
      const { content } = message;
      const text = typeof content === "string" ? content : "";
      return { text, message, generationInfo: { finishReason: choice.finishReason } };
    });
    const usage = this.#usage;
    const tokenUsage = usage && {
      promptTokens: usage.prompt_tokens,
      completionTokens: usage.completion_tokens,
      totalTokens: usage.total_tokens,
    };
    const finishReason = this.#choices[0]?.finishReason ?? null;
    const modelName = typeof this.#head["model"] === "string" ? this.#head["model"] : model;
    // `tokenUsage` has LangChain.js's names, without details; `usage` is the server's own.
    return { generations: [generations], llmOutput: { tokenUsage, usage, modelName, finishReason } };
  }

  #choice(index: number): Choice {
    const known = this.#choices.find((choice) => choice.index === index);
    if (known !== undefined) return known;
    const choice: Choice = { index, message: {}, logprobs: null, finishReason: null };
    this.#choices.push(choice);
    this.#choices.sort((a, b) => a.index - b.index);
    return choice;
  }

  #addLogprobs(choice: Choice, logprobs: JsonObject): void {
    const had = isObject(choice.logprobs) ? choice.logprobs : {};
    merge(had, logprobs);
    choice.logprobs = had;
  }
}
