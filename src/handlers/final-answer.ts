import { isObject } from "../common/json-object.ts";
import { fill, type OptionsOf, optional, unchecked } from "../common/options.ts";
import { invalidOption } from "../common/validate.ts";
import type { EventRecord, LLMResult, RunIdentity } from "../core/events.ts";
import { contentText } from "../core/message-text.ts";
import { attempt, generationsOf } from "../llm/usage.ts";
import { OpenTraces } from "./open-traces.ts";

function checkPrefix(name: string, value: unknown): readonly string[] {
  const isList = Array.isArray(value) && value.every((token) => typeof token === "string");
  if (isList && value.length > 0) return value;
  throw invalidOption(name, "an array of at least one string", value);
}

export const FINAL_ANSWER_OPTIONS = {
  /** The tokens after which an agent's final answer begins; at least one. @default ["Final", "Answer", ":"] */
  answerPrefixTokens: optional(checkPrefix, ["Final", "Answer", ":"]),
  /** Compare tokens with the prefix without the white space around them. @default true */
  stripTokens: optional<boolean>(unchecked, true),
  /** Give out the prefix too. @default false */
  streamPrefix: optional<boolean>(unchecked, false),
};
export type FinalAnswerOptions = OptionsOf<typeof FINAL_ANSWER_OPTIONS>;

/** What tells an agent's final answer from its other text. */
interface AnswerPrefix {
  /** Tokens after which the answer begins; stripped already if `strip`. */
  readonly tokens: readonly string[];
  /** Whether tokens are compared without the white space around them. */
  readonly strip: boolean;
}

/** One model run's tokens, watched for the prefix. */
class WatchedRun {
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
interface Answer {
  readonly tokens: readonly string[];
  readonly result: LLMResult;
}

/** What is known of a trace's final answer. */
class AnswerSearch {
  readonly runs = new Map<string, WatchedRun>();
  /** Whether a run printed the prefix: its tokens were given out as they came. */
  isPrefixFound = false;
  /** The last run that printed the prefix, or until then the last one without tool calls. */
  answer: Answer | undefined;

  endRun(runId: string, result: LLMResult | undefined): void {
    const run = this.runs.get(runId);
    this.runs.delete(runId);
    if (
      run === undefined ||
      result === undefined ||
      (this.isPrefixFound && !run.isAnswer) ||
      callsTools(result)
    )
      return;
    const text = attempt(() => contentText(result.generations[0]?.[0]?.text)) ?? "";
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

/** What cannot be read calls no tools: whoever waits for the answer must hear of its end. */
function callsTools(result: LLMResult): boolean {
  return attempt(() => generationsOf(result).some(({ message }) => hasToolCalls(message))) ?? false;
}

/** The end of a trace, as far as its final answer goes. */
export interface EndedAnswer {
  /** Tokens of the answer that were not given out before. */
  readonly rest: readonly string[];
  readonly result: LLMResult | undefined;
  /** Model runs that had not ended. */
  readonly openRuns: readonly string[];
}

/**
 * Finds agents' final answers, one per trace. A run's tokens after the prefix are given out as they come. Where no run
 * of the trace prints the prefix (agents that call tools by function calling never do), the answer is the text of the
 * last model run without tool calls, and is given out when the root ends without an error.
 */
export class FinalAnswers {
  readonly #prefix: AnswerPrefix;
  readonly #streamPrefix: boolean;
  readonly #traces = new OpenTraces(() => new AnswerSearch());

  /** Throws SIDECALL_OPTION_INVALID. */
  constructor(options: FinalAnswerOptions) {
    const { answerPrefixTokens, stripTokens, streamPrefix } = fill(FINAL_ANSWER_OPTIONS, options);
    const tokens = stripTokens ? answerPrefixTokens.map((token) => token.trim()) : [...answerPrefixTokens];
    this.#prefix = { tokens, strip: stripTokens };
    this.#streamPrefix = streamPrefix;
  }

  begin(record: RunIdentity): void {
    this.#traces.begin(record);
  }

  beginModelRun(record: RunIdentity): void {
    this.#traces.begin(record).runs.set(record.runId, new WatchedRun(this.#prefix));
  }

  /** Takes a token. Returns what is to be given out of the answer now. */
  hear(record: EventRecord<"on_llm_new_token">): readonly string[] {
    const { token, runId } = record;
    const search = this.#traces.get(record);
    const run = search?.runs.get(runId);
    if (token === "" || search === undefined || run === undefined) return [];
    if (run.isAnswer) return [token];
    const found = run.watch(token);
    if (found === undefined) return [];
    search.isPrefixFound = true;
    return this.#streamPrefix ? found : [];
  }

  /** A model run has ended: with its result, or failed. */
  endModelRun(record: RunIdentity, result: LLMResult | undefined): EndedAnswer | undefined {
    this.#traces.get(record)?.endRun(record.runId, result);
    return this.end(record);
  }

  /** A run has ended. Returns the answer if that was the end of the trace. */
  end(record: RunIdentity): EndedAnswer | undefined {
    const search = this.#traces.end(record);
    if (search === undefined) return undefined;
    const { answer, isPrefixFound, runs } = search;
    const isFailed = "error" in record;
    const rest = isPrefixFound || isFailed ? [] : (answer?.tokens ?? []);
    return { rest: rest.filter((token) => token !== ""), result: answer?.result, openRuns: [...runs.keys()] };
  }
}
