interface Source {
  pending: string;
  isEnded: boolean;
}

/** Writes the texts of several sources one source after the other; holds back a source's text until those before it end. */
export class TextSequencer {
  readonly #write: (text: string) => void;
  /** Open sources, by their first text; the first one is written through. */
  readonly #sources = new Map<string, Source>();

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  add(id: string, text: string): void {
    const source = this.#sources.get(id) ?? { pending: "", isEnded: false };
    this.#sources.set(id, source);
    source.pending += text;
    this.#advance();
  }

  /** Does nothing for an id without text. */
  end(id: string): void {
    const source = this.#sources.get(id);
    if (source === undefined) return;
    source.isEnded = true;
    this.#advance();
  }

  #advance(): void {
    for (const [id, source] of this.#sources) {
      const { pending } = source;
      source.pending = "";
      if (source.isEnded) this.#sources.delete(id);
      if (pending !== "") this.#write(pending);
      if (!source.isEnded) return;
    }
  }
}
