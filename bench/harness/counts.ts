/** Events that a counting handler saw, or must have seen. `characters`: UTF-16 units of tokens, prompts and answers. */
export interface Counts {
  readonly tokens: number;
  readonly starts: number;
  readonly ends: number;
  readonly characters: number;
}

export const NOTHING: Counts = { tokens: 0, starts: 0, ends: 0, characters: 0 };

export function add(a: Counts, b: Counts, times = 1): Counts {
  return {
    tokens: a.tokens + times * b.tokens,
    starts: a.starts + times * b.starts,
    ends: a.ends + times * b.ends,
    characters: a.characters + times * b.characters,
  };
}

/** The work of every counting handler, whichever library calls it. */
export class Counter {
  #tokens = 0;
  #starts = 0;
  #ends = 0;
  #characters = 0;

  token(text: string): void {
    this.#tokens += 1;
    this.#characters += text.length;
  }

  start(prompt: unknown): void {
    this.#starts += 1;
    if (typeof prompt === "string") this.#characters += prompt.length;
  }

  end(answer: string | undefined): void {
    this.#ends += 1;
    this.#characters += answer?.length ?? 0;
  }

  counts(): Counts {
    return {
      tokens: this.#tokens,
      starts: this.#starts,
      ends: this.#ends,
      characters: this.#characters,
    };
  }
}
