/*
 * The values that events carry in their fields, as handlers read them. The types named …Input are what callers may hand in:
 * any object, since TypeScript lets no interface of theirs pass for a type with an index signature.
 */

/** A description of a model, chain or tool. `name`, or else the last part of `id`, names the run. */
export interface Serialized {
  readonly name?: string;
  readonly id?: readonly string[];
  readonly [key: string]: unknown;
}

/** LangChain's `Serialized`, or any object with `name` or `id`. */
export type SerializedInput = Serialized | object;

/** A chat message as LangChain (`type`) or OpenAI (`role`) writes it. */
export interface ChatMessage {
  readonly role?: string;
  readonly type?: string;
  readonly content?: unknown;
  readonly [key: string]: unknown;
}

/** A message of LangChain, OpenAI or another library, or of the application's own; a string, or `[role, content]`. */
export type ChatMessageInput = ChatMessage | object | string;

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

/** A model run's answer, with whatever the provider reports besides. */
export interface LLMResultInput {
  readonly generations: readonly (readonly Generation[])[];
  readonly llmOutput?: object | null | undefined;
}

export interface RetryState {
  readonly attempt: number;
  readonly [key: string]: unknown;
}

/** An object with `attempt`, and whatever else handlers are to read. */
export type RetryStateInput = RetryState | { readonly attempt: number };
