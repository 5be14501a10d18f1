import { maxTextBytes, writeUnits } from "../common/text-codec.ts";
import { NAPPING } from "../shared-memory/layout.ts";
import { RingProducer } from "../shared-memory/producer.ts";
import { CHOICE_BYTES, MORE, OF_CHOICE, TOKEN_HEAD_BYTES, WIDE } from "./layout.ts";

export interface TokenEntry {
  /** TOKEN, END or ERROR. */
  readonly kind: number;
  readonly text: string;
  readonly choice: number | undefined;
  /** Index in `text` of the first unit that is not yet written. */
  from: number;
}

/** Writes entries of a token queue into its ring, those too long for it in pieces. */
export class EntryWriter {
  readonly #ring: RingProducer;
  /** Longest text of one piece, in UTF-16 units. */
  readonly #pieceUnits: number;
  #hasReader = false;

  constructor(ring: SharedArrayBuffer) {
    this.#ring = new RingProducer(ring);
    this.#pieceUnits = (this.#ring.maxBodyBytes - TOKEN_HEAD_BYTES - CHOICE_BYTES) >> 1;
  }

  /** Whether the reader has freed any space yet. */
  get hasReader(): boolean {
    // Kept: the position comes by 0 again after 4 GiB.
    this.#hasReader ||= this.#ring.released > 0;
    return this.#hasReader;
  }

  /** Writes as much of an entry as fits, and wakes the reader. Returns whether all of it is written. */
  write(entry: TokenEntry): boolean {
    const before = this.#ring.position;
    const head = entry.choice === undefined ? TOKEN_HEAD_BYTES : TOKEN_HEAD_BYTES + CHOICE_BYTES;
    let isComplete = false;
    while (!isComplete) {
      const piece = entry.text.slice(entry.from, entry.from + this.#pieceUnits);
      const at = this.#ring.reserve(head + maxTextBytes(piece));
      if (at === -1) break;
      entry.from += piece.length;
      isComplete = entry.from === entry.text.length;
      this.#ring.commit(head + this.#writePiece(at, head, entry, piece, isComplete));
    }
    if (this.#ring.position !== before) {
      this.#ring.publish();
      this.#ring.wake(NAPPING);
    }
    return isComplete;
  }

  /** Resolves when the reader has made room for a piece; look again with `write`. Does not keep the process alive. */
  room(): Promise<void> {
    return this.#ring.space(TOKEN_HEAD_BYTES + CHOICE_BYTES + 2 * this.#pieceUnits);
  }

  /** Ends a wait for room. */
  interrupt(): void {
    this.#ring.interrupt();
  }

  /** Returns the bytes of the text. */
  #writePiece(
    at: number,
    head: number,
    { kind, choice }: TokenEntry,
    piece: string,
    isLast: boolean,
  ): number {
    const textBytes = writeUnits(this.#ring, at + head, piece);
    const { bytes, data } = this.#ring;
    const isWide = textBytes > piece.length;
    bytes[at] = kind;
    bytes[at + 1] = (isWide ? WIDE : 0) | (isLast ? 0 : MORE) | (choice === undefined ? 0 : OF_CHOICE);
    if (choice !== undefined) data.setUint32(at + TOKEN_HEAD_BYTES, choice, true);
    return textBytes;
  }
}
