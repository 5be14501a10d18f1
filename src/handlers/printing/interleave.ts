interface Speaker {
  kept: string;
  isDone: boolean;
}

/** Lets several speak one after the other: what one says while another speaks is kept until that one is done. */
export class Interleaver {
  readonly #write: (text: string) => void;
  /** In the order in which they began; the first one has the floor. */
  readonly #speakers = new Map<string, Speaker>();

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  say(id: string, text: string): void {
    const speaker = this.#speakers.get(id) ?? { kept: "", isDone: false };
    this.#speakers.set(id, speaker);
    speaker.kept += text;
    this.#speak();
  }

  /** May be called for who never spoke. */
  done(id: string): void {
    const speaker = this.#speakers.get(id);
    if (speaker === undefined) return;
    speaker.isDone = true;
    this.#speak();
  }

  #speak(): void {
    for (const [id, speaker] of this.#speakers) {
      const { kept } = speaker;
      speaker.kept = "";
      if (speaker.isDone) this.#speakers.delete(id);
      if (kept !== "") this.#write(kept);
      if (!speaker.isDone) return;
    }
  }
}
