import { fill, type OptionsOf, optional, unchecked } from "../common/options.ts";
import { invalidOption } from "../common/validate.ts";
import type { EventRecord, RunIdentity } from "../core/events.ts";
import type { LLMResult } from "../core/payloads.ts";
import type { ChoiceToken } from "../token-queue/layout.ts";
import type { Choices } from "./choices.ts";
import { OpenTraces } from "./open-traces.ts";
import { type SearchSettings, WatchedRun } from "./watched-run.ts";

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

/** A model's answer as tokens, with the model run's result. */
interface Answer {
  readonly tokens: readonly ChoiceToken[];
  readonly result: LLMResult;
}

/** The search for the final answer of one trace. */
class AnswerSearch {
  readonly runs = new Map<string, WatchedRun>();
  /** A run printed the prefix, so the answer's tokens were emitted as they came. */
  isPrefixFound = false;
  /** Of the last run that printed the prefix; if none did yet, of the last run without tool calls. */
  answer: Answer | undefined;
  /** Tokens behind the prefix that came at their run's end. */
  readonly late: ChoiceToken[] = [];

  endRun(runId: string, result: LLMResult | undefined): void {
    const run = this.runs.get(runId);
    this.runs.delete(runId);
    if (run === undefined || result === undefined) return;
    this.late.push(...run.takeRest());
    if (this.isPrefixFound && !run.isAnswer) return;
    this.isPrefixFound ||= run.isAnswer;
    const tokens = run.said(result);
    if (tokens !== undefined) this.answer = { tokens, result };
  }
}

/** The final answer of a trace that has ended. */
export interface EndedAnswer {
  /** Tokens of the answer that were not emitted before. */
  readonly rest: readonly ChoiceToken[];
  readonly result: LLMResult | undefined;
  /** Ids of model runs that had not ended. */
  readonly openRuns: readonly string[];
}

/**
 * Finds agents' final answers, one per trace. A run's tokens after the prefix are emitted as they come. If no run of the
 * trace prints the prefix (agents that call tools by function calling never do), the answer is the text of the last model
 * run without tool calls, and is emitted when the root ends without an error. Of runs with several choices the first counts,
 * or each by itself.
 */
export class FinalAnswers {
  readonly #settings: SearchSettings;
  readonly #traces = new OpenTraces(() => new AnswerSearch());

  /** Throws SIDECALL_OPTION_INVALID. */
  constructor(options: FinalAnswerOptions, choices: Choices = "first") {
    const { answerPrefixTokens, stripTokens: strip, streamPrefix } = fill(FINAL_ANSWER_OPTIONS, options);
    const prefix = answerPrefixTokens.map((token) => (strip ? token.trim() : token));
    this.#settings = { prefix, strip, streamPrefix, choices };
  }

  begin(record: RunIdentity): void {
    this.#traces.begin(record);
  }

  beginModelRun(record: RunIdentity): void {
    this.#traces.begin(record).runs.set(record.runId, new WatchedRun(this.#settings));
  }

  /** Returns the tokens of the answer to emit now. */
  addToken(record: EventRecord<"on_llm_new_token">): readonly ChoiceToken[] {
    const search = this.#traces.get(record);
    const run = search?.runs.get(record.runId);
    if (search === undefined || run === undefined) return [];
    const tokens = run.take(record);
    search.isPrefixFound ||= run.isAnswer;
    return tokens;
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
    const { answer, isPrefixFound, late, runs } = search;
    const rest = isPrefixFound ? late : (answer?.tokens ?? []);
    const isFailed = "error" in record;
    return { rest: isFailed ? [] : rest, result: answer?.result, openRuns: [...runs.keys()] };
  }
}
