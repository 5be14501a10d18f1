/*
 * Exact text as bytes: one byte per UTF-16 unit if all units fit, else two, so that lone surrogates survive. Faster than
 * UTF-8 for texts as short as tokens.
 */

/** One block of memory, in the two views that the codec needs. */
export interface TextMemory {
  readonly bytes: Uint8Array;
  readonly data: DataView;
}

/** Upper bound of the bytes that a text takes. */
export function maxTextBytes(text: string): number {
  return 2 * text.length;
}

/**
 * Writes a text at `start` and returns the bytes written: `text.length` if one byte per unit was enough,
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

/** From this length on a V8 substring refers to the whole text: a kept token would keep the window alive. */
const MIN_SLICED_LENGTH = 13;
const WINDOW_BYTES = 16 * 1024;

/**
 * Reads texts from one memory. Keeps a view of it, since a view per token would cost more than reading it. Short texts are
 * cut from a window: many bytes that a single call has decoded into one text.
 */
export class UnitReader {
  readonly #buffer: Buffer;
  #window = "";
  #windowStart = 0;

  constructor({ bytes }: Pick<TextMemory, "bytes">) {
    this.#buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Drops the window. Call it before the memory under it can change. */
  refresh(): void {
    this.#window = "";
  }

  /** Reads a text of one byte per unit. Until `refresh`, the memory up to `readableEnd` must not change. */
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

  /** Reads the text in `byteLength` bytes from `start`; `wide`: two bytes per unit. */
  read(wide: boolean, start: number, byteLength: number): string {
    return this.#buffer.toString(wide ? "utf16le" : "latin1", start, start + byteLength);
  }
}
