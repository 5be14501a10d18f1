import type { JsonObject } from "../common/json-object.ts";
import { fill, type OptionsOf, optional, unchecked } from "../common/options.ts";
import { invalidOption } from "../common/validate.ts";
import type { EventRecord, RunIdentity } from "../core/events.ts";
import type { LLMResult } from "../core/payloads.ts";
import { toolCallsOf } from "../core/tool-calls.ts";
import { generationsOf, generationText } from "../llm/generations.ts";
import type { ChoiceToken } from "../token-queue/layout.ts";
import { ChoiceFilter, type Choices } from "./choices.ts";
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

/** What the search in each run is to do. */
interface SearchSettings {
  /** The tokens that mark the beginning of the answer; already stripped if `strip`. */
  readonly prefix: readonly string[];
  /** Whether tokens are compared without the white space around them. */
  readonly strip: boolean;
  readonly streamPrefix: boolean;
  readonly choices: Choices;
}

/** Looks for the prefix in the tokens of one choice of a model run. */
class WatchedChoice {
  /** All tokens so far; empty once they contained the prefix. */
  tokens: string[] = [];
  isAnswer = false;
  readonly #settings: SearchSettings;

  constructor(settings: SearchSettings) {
    this.#settings = settings;
  }

  /** Returns the tokens to emit: each behind the prefix, and with the last of the prefix all of it if that is asked for. */
  add(token: string): readonly string[] {
    if (this.isAnswer) return [token];
    const { prefix, strip, streamPrefix } = this.#settings;
    this.tokens.push(token);
    const tail = this.tokens.slice(-prefix.length);
    const isPrefix = prefix.every((expected, i) => expected === (strip ? tail[i]?.trim() : tail[i]));
    if (!isPrefix) return [];
    this.isAnswer = true;
    this.tokens = [];
    return streamPrefix ? tail : [];
  }
}

/** A model run in which the answer is looked for. */
class WatchedRun {
  readonly #settings: SearchSettings;
  readonly #filter: ChoiceFilter;
  readonly #choices = new Map<number, WatchedChoice>();

  constructor(settings: SearchSettings) {
    this.#settings = settings;
    this.#filter = new ChoiceFilter(settings.choices);
  }

  get isAnswer(): boolean {
    return [...this.#choices.values()].some(({ isAnswer }) => isAnswer);
  }

  /** Returns the tokens of the answer to emit now. */
  take(record: EventRecord<"on_llm_new_token">): readonly ChoiceToken[] {
    const token = this.#filter.take(record);
    return token === undefined ? [] : this.#add(token);
  }

  /** The same for the tokens that were held back until the run's end. */
  takeRest(): readonly ChoiceToken[] {
    return this.#filter.rest().flatMap((token) => this.#add(token));
  }

  /** All that the run said, for a trace without the prefix; undefined if it called tools instead. */
  said(result: LLMResult): readonly ChoiceToken[] | undefined {
    const generations = generationsOf(result);
    const saying = this.#followed(generations.length).filter(({ index }) => !callsTools(generations[index]));
    if (saying.length === 0) return undefined;
    return saying.flatMap(({ index, choice }) => {
      const isStreamed = choice !== undefined && choice.tokens.length > 0;
      const generation = generations[index];
      const whole = generation === undefined ? "" : generationText(generation);
      const texts = isStreamed ? choice.tokens : [whole];
      return texts.filter((text) => text !== "").map((text) => ({ text, index }));
    });
  }

  /** The choices that count, each with the place of its generation. */
  #followed(generations: number): readonly { index: number; choice: WatchedChoice | undefined }[] {
    if (this.#settings.choices === "first") return [{ index: 0, choice: [...this.#choices.values()][0] }];
    const count = Math.max(1, generations, ...[...this.#choices.keys()].map((index) => index + 1));
    return Array.from({ length: count }, (_, index) => ({ index, choice: this.#choices.get(index) }));
  }

  #add({ text, index }: ChoiceToken): readonly ChoiceToken[] {
    const choice = this.#choices.get(index) ?? new WatchedChoice(this.#settings);
    this.#choices.set(index, choice);
    return choice.add(text).map((token) => ({ text: token, index }));
  }
}

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

/** False for a generation that cannot be read: its end must still end the answer. */
function callsTools(generation: JsonObject | undefined): boolean {
  return generation !== undefined && toolCallsOf(generation["message"]).some(({ isOpen }) => isOpen);
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
