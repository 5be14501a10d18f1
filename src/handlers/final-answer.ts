import { fill, type OptionsOf, optional, unchecked } from "../common/options.ts";
import { invalidOption } from "../common/validate.ts";
import type { EventRecord, RunIdentity } from "../core/events.ts";
import type { LLMResult } from "../core/payloads.ts";
import { toolCallsOf } from "../core/tool-calls.ts";
import { generationsOf, generationText } from "../llm/generations.ts";
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

/** The tokens that mark the beginning of an agent's final answer. */
interface AnswerPrefix {
  /** Already stripped if `strip`. */
  readonly tokens: readonly string[];
  /** Whether tokens are compared without the white space around them. */
  readonly strip: boolean;
}

/** Looks for the prefix in one model run's tokens. */
class WatchedRun {
  /** All tokens so far; empty once they contained the prefix. */
  tokens: string[] = [];
  isAnswer = false;
  readonly #prefix: AnswerPrefix;

  constructor(prefix: AnswerPrefix) {
    this.#prefix = prefix;
  }

  /** Adds a token before the answer. If it completes the prefix, returns the prefix's tokens as they came. */
  addToken(token: string): readonly string[] | undefined {
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

/** A model's answer as tokens, with the model run's result. */
interface Answer {
  readonly tokens: readonly string[];
  readonly result: LLMResult;
}

/** The search for the final answer of one trace. */
class AnswerSearch {
  readonly runs = new Map<string, WatchedRun>();
  /** A run printed the prefix, so the answer's tokens were emitted as they came. */
  isPrefixFound = false;
  /** Of the last run that printed the prefix; if none did yet, of the last run without tool calls. */
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
    const [first] = generationsOf(result);
    const text = first === undefined ? "" : generationText(first);
    this.answer = { tokens: run.tokens.length > 0 ? run.tokens : [text], result };
  }
}

/** False for a result that cannot be read: its end must still end the answer. */
function callsTools(result: LLMResult): boolean {
  return generationsOf(result).some(({ message }) => toolCallsOf(message).some(({ isOpen }) => isOpen));
}

/** The final answer of a trace that has ended. */
export interface EndedAnswer {
  /** Tokens of the answer that were not emitted before. */
  readonly rest: readonly string[];
  readonly result: LLMResult | undefined;
  /** Ids of model runs that had not ended. */
  readonly openRuns: readonly string[];
}

/**
 * Finds agents' final answers, one per trace. A run's tokens after the prefix are emitted as they come. If no run of the
 * trace prints the prefix (agents that call tools by function calling never do), the answer is the text of the last model
 * run without tool calls, and is emitted when the root ends without an error.
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

  /** Returns the tokens of the answer to emit now. */
  addToken(record: EventRecord<"on_llm_new_token">): readonly string[] {
    const { token, runId } = record;
    const search = this.#traces.get(record);
    const run = search?.runs.get(runId);
    if (token === "" || search === undefined || run === undefined) return [];
    if (run.isAnswer) return [token];
    const found = run.addToken(token);
    if (found === undefined) return [];
    search.isPrefixFound = true;
    return this.#streamPrefix ? found : [];
  }

  /** `result`: undefined if the run failed. */
  endModelRun(record: RunIdentity, result: LLMResult | undefined): EndedAnswer | undefined {
    this.#traces.get(record)?.endRun(record.runId, result);
    return this.end(record);
  }

  /** Returns the answer if the end of this run ends the trace. */
  end(record: RunIdentity): EndedAnswer | undefined {
    const search = this.#traces.end(record);
    if (search === undefined) return undefined;
    const { answer, isPrefixFound, runs } = search;
    const isFailed = "error" in record;
    const rest = isPrefixFound || isFailed ? [] : (answer?.tokens ?? []);
    return { rest: rest.filter((token) => token !== ""), result: answer?.result, openRuns: [...runs.keys()] };
  }
}
