import { contentText } from "../core/message-text.ts";
import { type Answer, tokensOf } from "./answer.ts";
import type { ChatRequest, RequestMessage } from "./request.ts";

/*
 * Writes an answer as one JSON body or as the chunks of a stream. Both are made from the same pieces, so that text,
 * finish reason and usage agree. Usage counts those pieces, about four characters each; it is no tokenizer's count.
 */

// Fixed, so that equal requests get equal bytes.
const CREATED_SECONDS = 1_700_000_000;
/** Added to the tokens of a message's text. */
const TOKENS_PER_MESSAGE = 4;

interface Choice {
  readonly index: number;
  readonly content: readonly string[] | null;
  readonly answer: Answer;
  readonly finishReason: "stop" | "length" | "tool_calls";
}

interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
}

export interface Completion {
  readonly id: string;
  readonly model: string;
  readonly choices: readonly Choice[];
  readonly usage: Usage;
}

function messageTokens(message: RequestMessage): number {
  const { content, role: _, ...rest } = message;
  const other = Object.keys(rest).length === 0 ? "" : JSON.stringify(rest);
  return TOKENS_PER_MESSAGE + tokensOf(contentText(content)).length + tokensOf(other).length;
}

function choiceOf(answer: Answer, index: number, maxTokens: number): Choice {
  const pieces = answer.content === null ? null : tokensOf(answer.content);
  if (pieces !== null && pieces.length > maxTokens) {
    const cut = { content: pieces.slice(0, maxTokens).join(""), toolCalls: [] };
    return { index, content: pieces.slice(0, maxTokens), answer: cut, finishReason: "length" };
  }
  const finishReason = answer.toolCalls.length > 0 ? "tool_calls" : "stop";
  return { index, content: pieces, answer, finishReason };
}

function completionTokens({ content, answer }: Choice): number {
  const calls = answer.toolCalls.map((call) => tokensOf(call.name).length + tokensOf(call.arguments).length);
  return calls.reduce((sum, count) => sum + count, content?.length ?? 0);
}

export function complete(request: ChatRequest, answers: readonly Answer[], id: string): Completion {
  const choices = answers.map((answer, index) => choiceOf(answer, index, request.maxTokens));
  const tools = request.tools.length === 0 ? 0 : tokensOf(JSON.stringify(request.tools)).length;
  const prompt = request.messages.reduce((sum, message) => sum + messageTokens(message), tools);
  const completion = choices.reduce((sum, choice) => sum + completionTokens(choice), 0);
  const usage = { prompt_tokens: prompt, completion_tokens: completion, total_tokens: prompt + completion };
  return { id, model: request.model, choices, usage };
}

function head({ id, model }: Completion, object: string) {
  return { id, object, created: CREATED_SECONDS, model, system_fingerprint: "fp_mock_server" };
}

/** Makes the body of an answer that is not streamed. */
export function bodyOf(completion: Completion): object {
  const choices = completion.choices.map(({ index, answer, finishReason }) => ({
    index,
    message: {
      role: "assistant",
      content: answer.content,
      refusal: null,
      ...(answer.toolCalls.length === 0
        ? {}
        : {
            tool_calls: answer.toolCalls.map(({ id, name, arguments: args }) => ({
              id,
              type: "function",
              function: { name, arguments: args },
            })),
          }),
    },
    logprobs: null,
    finish_reason: finishReason,
  }));
  return { ...head(completion, "chat.completion"), choices, usage: completion.usage };
}

function* deltasOf({ content, answer }: Choice): Generator<object> {
  yield { role: "assistant", content: content === null ? null : "", refusal: null };
  for (const piece of content ?? []) yield { content: piece };
  for (const [index, { id, name, arguments: args }] of answer.toolCalls.entries()) {
    yield { tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }] };
    for (const piece of tokensOf(args)) yield { tool_calls: [{ index, function: { arguments: piece } }] };
  }
}

/** Yields the chunks of a streamed answer, one per piece, without the closing `[DONE]`. */
export function* chunksOf(completion: Completion, includeUsage: boolean): Generator<object> {
  const start = head(completion, "chat.completion.chunk");
  const noUsage = includeUsage ? { usage: null } : {};
  for (const choice of completion.choices) {
    const { index } = choice;
    for (const delta of deltasOf(choice)) {
      yield { ...start, choices: [{ index, delta, logprobs: null, finish_reason: null }], ...noUsage };
    }
    const end = { index, delta: {}, logprobs: null, finish_reason: choice.finishReason };
    yield { ...start, choices: [end], ...noUsage };
  }
  if (includeUsage) yield { ...start, choices: [], usage: completion.usage };
}
