import type { JsonObject } from "../common/json-object.ts";
import type { EventRecord } from "../core/events.ts";
import type { LLMResult } from "../core/payloads.ts";
import { toolCallsOf } from "../core/tool-calls.ts";
import { generationsOf, generationText } from "../llm/generations.ts";
import type { ChoiceToken } from "../token-queue/layout.ts";
import { ChoiceFilter, type Choices } from "./choices.ts";

/** Settings of the search in each run. */
export interface SearchSettings {
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

/** False for a generation that cannot be read: its end must still end the answer. */
function callsTools(generation: JsonObject | undefined): boolean {
  return generation !== undefined && toolCallsOf(generation["message"]).some(({ isOpen }) => isOpen);
}

/** A model run in which the answer is looked for. */
export class WatchedRun {
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

  /** All text of the run, for a trace without the prefix; undefined if it called tools instead. */
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
    // By numbers, not by a list from 0: a choice may have any.
    const indices = new Set([
      ...this.#choices.keys(),
      ...Array.from({ length: Math.max(1, generations) }).keys(),
    ]);
    return [...indices].sort((a, b) => a - b).map((index) => ({ index, choice: this.#choices.get(index) }));
  }

  #add({ text, index }: ChoiceToken): readonly ChoiceToken[] {
    const choice = this.#choices.get(index) ?? new WatchedChoice(this.#settings);
    this.#choices.set(index, choice);
    return choice.add(text).map((token) => ({ text: token, index }));
  }
}
