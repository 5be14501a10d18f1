/*
 * Text as bytes, exactly: one byte per UTF-16 unit where all units fit, else two, so that lone surrogates
 * survive too. Faster than UTF-8 for the short texts that tokens are.
 */

/** Where text is written to and read from. */
export interface TextMemory {
  readonly bytes: Uint8Array;
  readonly data: DataView;
}

/** The most bytes that a text takes. */
export function maxTextBytes(text: string): number {
  return 2 * text.length;
}

/**
 * Writes a text at `start` and returns the bytes written: `text.length` where one byte per unit was enough,
 * else twice as many.
 */
export function writeUnits(memory: TextMemory, start: number, text: string): number {
  const { bytes } = memory;
  const { length } = text;
  for (let i = 0; i < length; i += 1) {
    const unit = text.charCodeAt(i);
    if (unit > 0xff) return writeWide(memory, start, text);
    bytes[start + i] = unit;
  }
  return length;
}

function writeWide({ data }: TextMemory, start: number, text: string): number {
  for (let i = 0; i < text.length; i += 1) data.setUint16(start + 2 * i, text.charCodeAt(i), true);
  return 2 * text.length;
}

/** From this length on V8 makes a part of a text refer to the whole, and a kept token would keep a window alive. */
const MIN_SLICED_LENGTH = 13;
const WINDOW_BYTES = 16 * 1024;

/**
 * Reads texts out of one memory. Keeps a view of it, since making one for every token would cost more than reading; and
 * reads short texts through a window: many bytes made into one text by a single call, of which they are parts.
 */
export class UnitReader {
  readonly #buffer: Buffer;
  #window = "";
  #windowStart = 0;

  constructor({ bytes }: Pick<TextMemory, "bytes">) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Forgets the window: to be called before the memory that it showed may have changed. */
  refresh(): void {
    this.#window = "";
  }

  /** A text of one byte per unit; up to `readableEnd` the memory stays as it is until `refresh`. */
  readNarrow(start: number, byteLength: number, readableEnd: number): string {
    if (byteLength >= MIN_SLICED_LENGTH) return this.read(false, start, byteLength);
    let from = start - this.#windowStart;
    if (from < 0 || from + byteLength > this.#window.length) {
      this.#window = this.#buffer.toString("latin1", start, Math.min(readableEnd, start + WINDOW_BYTES));
      this.#windowStart = start;
      from = 0;
    }
    return this.#window.substring(from, from + byteLength);
  }

  /** The text in `byteLength` bytes from `start`; `wide`: two bytes per unit. */
  read(wide: boolean, start: number, byteLength: number): string {
    return this.#buffer.toString(wide ? "utf16le" : "latin1", start, start + byteLength);
  }
}
