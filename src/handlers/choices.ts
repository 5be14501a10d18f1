import { oneOf } from "../common/options.ts";
import type { EventRecord } from "../core/events.ts";
import { tokenText } from "../core/token-text.ts";
import { type ChoiceToken, MAX_CHOICE } from "../token-queue/layout.ts";

/*
 * Model runs may be asked for several choices (`n`), whose tokens come mixed. A handler gives out the first choice, which
 * is the first generation of the response, or all of them apart.
 */

export type Choices = "first" | "all";

export const CHOICES_OPTIONS = {
  /**
   * Choices of a run whose tokens are given out. "first": those of the first choice, as strings. "all": those of all, each
   * as `{ text, index }`, where `index` is the choice's number. @default "first"
   */
  choices: oneOf(["first", "all"], "first"),
};

/** The number of the choice that a token belongs to; 0 if the record has none. */
export function completionOf({ index }: Pick<EventRecord<"on_llm_new_token">, "index">): number {
  const completion: unknown = index?.completion;
  const isNumber = typeof completion === "number" && Number.isInteger(completion);
  return isNumber && completion > 0 && completion <= MAX_CHOICE ? completion : 0;
}

/** Takes the tokens of one run, and lets through those of its first choice, or of all. */
export class ChoiceFilter {
  readonly #letsAll: boolean;
  #hasFirst = false;
  /** Tokens of the lowest choice so far, while choice 0 is silent: some providers count from 1. */
  #held: ChoiceToken[] = [];

  constructor(choices: Choices) {
    this.#letsAll = choices === "all";
  }

  /** Returns the token if it is to be given out now; undefined also if it has no text. */
  take(record: EventRecord<"on_llm_new_token">): ChoiceToken | undefined {
    // A record made by hand may have any token.
    const text = tokenText(record.token);
    if (text === "") return undefined;
    const token = { text, index: completionOf(record) };
    if (this.#letsAll) return token;
    if (token.index === 0) this.#hasFirst = true;
    else if (!this.#hasFirst) this.#hold(token);
    if (this.#hasFirst) this.#held = [];
    return token.index === 0 ? token : undefined;
  }

  /** The tokens to give out when the run has ended: those of the lowest choice, if choice 0 was silent. */
  rest(): readonly ChoiceToken[] {
    return this.#held;
  }

  #hold(token: ChoiceToken): void {
    const lowest = this.#held[0]?.index ?? token.index;
    if (token.index < lowest) this.#held = [token];
    else if (token.index === lowest) this.#held.push(token);
  }
}

/** The filters of a handler's open runs. */
export class ChoiceFilters {
  readonly #choices: Choices;
  readonly #runs = new Map<string, ChoiceFilter>();

  constructor(choices: Choices) {
    this.#choices = choices;
  }

  begin(runId: string): void {
    this.#runs.set(runId, new ChoiceFilter(this.#choices));
  }

  /** See {@link ChoiceFilter.take}. Nothing is kept of a run that has not begun here, or is over. */
  take(record: EventRecord<"on_llm_new_token">): ChoiceToken | undefined {
    return (this.#runs.get(record.runId) ?? new ChoiceFilter(this.#choices)).take(record);
  }

  /** Forgets a run. See {@link ChoiceFilter.rest}. */
  end(runId: string): readonly ChoiceToken[] {
    const rest = this.#runs.get(runId)?.rest() ?? [];
    this.#runs.delete(runId);
    return rest;
  }
}
