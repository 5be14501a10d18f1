import { ByteWriter, EXTENSION_BYTES, HEADER_BYTES } from "./byte-writer.ts";
import { EXACT_TEXT } from "./extension-types.ts";

/*
 * Type bytes of msgpack's texts. A short text has its length in the type byte.
 */
const FIX_STR = 0xa0;
const STR_8 = 0xd9;
const STR_16 = 0xda;
const STR_32 = 0xdb;

/** Longer texts are written by Node.js, which a call of it has to be worth. */
const MAX_LOOPED_UNITS = 31;
const MAX_BYTES_PER_UNIT = 3;

/** Whether msgpack's UTF-8 keeps a text: it loses lone surrogates, and of long texts a leading U+FEFF. */
function isExact(text: string): boolean {
  return text.charCodeAt(0) !== 0xfeff && text.isWellFormed();
}

/** Writes texts; a text that msgpack would change crosses as its UTF-16 units. */
export class TextWriter extends ByteWriter {
  /** Writes a text to the unit. */
  text(text: string): void {
    if (!this.#shortText(text) && !this.#longText(text)) this.#units(text);
  }

  /** Writes the key of an entry of a map. False: msgpack would refuse or change it, and nothing is written. */
  key(key: string): boolean {
    if (key === "__proto__") return false;
    return this.#shortText(key) || this.#longText(key);
  }

  /** Writes a short text of ASCII. */
  #shortText(text: string): boolean {
    const { length } = text;
    if (length > MAX_LOOPED_UNITS) return false;
    this.reserve(HEADER_BYTES + length);
    const bytes = this.bytes;
    const start = this.pos + 1;
    for (let i = 0; i < length; i += 1) {
      const unit = text.charCodeAt(i);
      if (unit >= 0x80) return false;
      bytes[start + i] = unit;
    }
    bytes[this.pos] = FIX_STR | length;
    this.pos = start + length;
    return true;
  }

  #longText(text: string): boolean {
    const { length } = text;
    const most = MAX_BYTES_PER_UNIT * length;
    // Buffer.byteLength is cheap, and far cheaper than memory for the worst case.
    if (this.room < HEADER_BYTES + most) this.reserve(HEADER_BYTES + Buffer.byteLength(text));
    const headBytes = most <= 0xff ? 2 : most <= 0xffff ? 3 : 5;
    const start = this.pos + headBytes;
    const written = this.bytes.write(text, start);
    if (written !== length && this.#isSuspect(start, written) && !isExact(text)) return false;
    this.#textHead(headBytes, written);
    this.pos += headBytes + written;
    return true;
  }

  /** Whether the bytes hold a U+FFFD or U+FEFF. Both begin with 0xef: to find no such byte is faster than to read the text. */
  #isSuspect(start: number, length: number): boolean {
    return this.bytes.subarray(start, start + length).includes(0xef);
  }

  #textHead(headBytes: number, length: number): void {
    const { pos } = this;
    if (headBytes === 2) {
      this.bytes[pos] = STR_8;
      this.bytes[pos + 1] = length;
    } else if (headBytes === 3) {
      this.bytes[pos] = STR_16;
      this.data.setUint16(pos + 1, length);
    } else {
      this.bytes[pos] = STR_32;
      this.data.setUint32(pos + 1, length);
    }
  }

  #units(text: string): void {
    this.reserve(EXTENSION_BYTES + 2 * text.length);
    const start = this.openExtension(EXACT_TEXT);
    this.pos += this.bytes.write(text, start, "utf16le");
    this.closeExtension(start);
  }
}
