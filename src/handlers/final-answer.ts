import type { LLMResult } from "../events.ts";
import { isObject } from "../json-object.ts";

/** What tells an agent's final answer from its other text. */
export interface AnswerPrefix {
  /** Tokens after which the answer begins; stripped already if `strip`. */
  readonly tokens: readonly string[];
  /** Whether tokens are compared without the white space around them. */
  readonly strip: boolean;
}

/** One model run's tokens, watched for the prefix. */
export class WatchedRun {
  /** What came so far without the prefix; empty once it was found. */
  tokens: string[] = [];
  isAnswer = false;
  readonly #prefix: AnswerPrefix;

  constructor(prefix: AnswerPrefix) {
    this.#prefix = prefix;
  }

  /** Takes a token before the answer. Returns the prefix as it came if this token completes it. */
  watch(token: string): readonly string[] | undefined {
    const { tokens, strip } = this.#prefix;
    this.tokens.push(token);
    const tail = this.tokens.slice(-tokens.length);
    const isPrefix = tokens.every((expected, i) => expected === (strip ? tail[i]?.trim() : tail[i]));
    if (!isPrefix) return undefined;
    this.isAnswer = true;
    this.tokens = [];
    return tail;
  }
}

/** A model's answer as tokens, and the result that it came with. */
export interface Answer {
  readonly tokens: readonly string[];
  readonly result: LLMResult;
}

/** What is known of a trace's final answer. */
export class AnswerSearch {
  readonly runs = new Map<string, WatchedRun>();
  /** Whether a run printed the prefix: its tokens were given out as they came. */
  isPrefixFound = false;
  /** The last run that printed the prefix, or until then the last one without tool calls. */
  answer: Answer | undefined;

  endRun(runId: string, result: LLMResult): void {
    const run = this.runs.get(runId);
    this.runs.delete(runId);
    if (run === undefined || (this.isPrefixFound && !run.isAnswer) || callsTools(result)) return;
    const text = result.generations[0]?.[0]?.text ?? "";
    this.answer = { tokens: run.tokens.length > 0 ? run.tokens : [text], result };
  }
}

/** Whether a message, as OpenAI or LangChain (also serialized) writes it, calls tools. */
function hasToolCalls(message: unknown): boolean {
  if (!isObject(message)) return false;
  const { tool_calls: calls, function_call: call, additional_kwargs: more, kwargs } = message;
  if ((Array.isArray(calls) && calls.length > 0) || isObject(call)) return true;
  return hasToolCalls(more) || hasToolCalls(kwargs);
}

function callsTools(result: LLMResult): boolean {
  return result.generations.some((list) => list.some(({ message }) => hasToolCalls(message)));
}
