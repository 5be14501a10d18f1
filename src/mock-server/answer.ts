/** A tool that an answer calls; `arguments` is JSON text, as models send it. */
export interface ToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

/** An answer of the mock model, before it becomes a completion. */
export interface Answer {
  readonly content: string | null;
  readonly toolCalls: readonly ToolCall[];
}

// A word of at most eight letters with the space before it, a few signs, or white space: about four characters each.
const PIECE = /\s?[\p{L}\p{M}]{1,8}|\s?\p{N}{1,3}|\s?[^\s\p{L}\p{M}\p{N}]{1,3}|\s+/gu;

/** Splits a text into token-sized pieces. Joined they give the text; no surrogate pair is split. */
export function tokensOf(text: string): string[] {
  return text.match(PIECE) ?? [];
}
