/*
 * The values that events carry in their fields, as callers hand them in.
 */

/** A description of a model, chain or tool. `name`, or else the last part of `id`, names the run. */
export interface Serialized {
  readonly name?: string;
  readonly id?: readonly string[];
  readonly [key: string]: unknown;
}

/** A chat message as LangChain (`type`) or OpenAI (`role`) writes it. */
export interface ChatMessage {
  readonly role?: string;
  readonly type?: string;
  readonly content?: unknown;
  readonly [key: string]: unknown;
}

/** A token as models give it: text, nothing (deltas of tool calls have none), or a list of content blocks. */
export type TokenContent = string | null | undefined | readonly unknown[];

/** The prompt and the completion that a token belongs to, counted from 0. */
export interface TokenIndex {
  readonly prompt: number;
  readonly completion: number;
}

export interface Generation {
  readonly text: string;
  readonly message?: unknown;
  readonly generationInfo?: unknown;
}

/** A model run's answer: one list of generations per prompt. */
export interface LLMResult {
  readonly generations: readonly (readonly Generation[])[];
  readonly llmOutput?: Readonly<Record<string, unknown>> | undefined;
}

export interface RetryState {
  readonly attempt: number;
  readonly [key: string]: unknown;
}
