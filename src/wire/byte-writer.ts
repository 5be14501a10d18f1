/*
 * Type bytes of msgpack. Short values have their length in the type byte itself.
 */
const FIX_MAP = 0x80;
const FIX_ARRAY = 0x90;
const NIL = 0xc0;
const FALSE = 0xc2;
const TRUE = 0xc3;
const EXT_32 = 0xc9;
const FLOAT_64 = 0xcb;
const UINT_8 = 0xcc;
const UINT_16 = 0xcd;
const UINT_32 = 0xce;
const INT_8 = 0xd0;
const INT_16 = 0xd1;
const INT_32 = 0xd2;
const ARRAY_16 = 0xdc;
const ARRAY_32 = 0xdd;
const MAP_16 = 0xde;
const MAP_32 = 0xdf;

const FIX_COUNT = 16;
const COUNT_16 = 0x10000;
/** Bytes of any header, and of any number. */
export const HEADER_BYTES = 9;
export const EXTENSION_BYTES = 6;
const LIST_32_BYTES = 5;

const FIRST_BYTES = 16 * 1024;
/** Memory that has grown beyond this is not kept: one huge event would pin it for good. */
const MAX_KEPT_BYTES = 1024 * 1024;
/** Beyond that, memory grows at once to this size: pages that are not written cost nothing, copies do. */
const LARGE_BYTES = 8 * MAX_KEPT_BYTES;

/** Writes msgpack into memory that grows: numbers, bytes, and the headers of what has parts. */
export class ByteWriter {
  protected bytes = Buffer.from(new ArrayBuffer(FIRST_BYTES));
  protected data = new DataView(this.bytes.buffer);
  /** Length of the memory: a field is read faster. */
  #size = FIRST_BYTES;
  protected pos = 0;

  /** Begins anew, over what was written before. Memory that is larger than usual stays with the one who got it. */
  protected restart(): void {
    this.pos = 0;
    if (this.#size > MAX_KEPT_BYTES) this.#resize(FIRST_BYTES);
  }

  /** All that is written, in memory that the next restart overwrites. */
  protected written(): Uint8Array {
    // Not a Buffer, whose `slice` is a view.
    return new Uint8Array(this.bytes.buffer, 0, this.pos);
  }

  nil(): void {
    this.reserve(1);
    this.bytes[this.pos++] = NIL;
  }

  boolean(value: boolean): void {
    this.reserve(1);
    this.bytes[this.pos++] = value ? TRUE : FALSE;
  }

  number(value: number): void {
    this.reserve(HEADER_BYTES);
    if (Number.isInteger(value) && value >= -0x80000000 && value <= 0xffffffff) this.#integer(value);
    else {
      this.bytes[this.pos] = FLOAT_64;
      this.data.setFloat64(this.pos + 1, value);
      this.pos += 9;
    }
  }

  #integer(value: number): void {
    const bytes = this.bytes;
    if (value >= -0x20 && value < 0x80) bytes[this.pos++] = value;
    else if (value >= 0) this.#positive(value);
    else if (value >= -0x80) {
      bytes[this.pos++] = INT_8;
      bytes[this.pos++] = value;
    } else if (value >= -0x8000) {
      bytes[this.pos] = INT_16;
      this.data.setInt16(this.pos + 1, value);
      this.pos += 3;
    } else {
      bytes[this.pos] = INT_32;
      this.data.setInt32(this.pos + 1, value);
      this.pos += 5;
    }
  }

  #positive(value: number): void {
    const bytes = this.bytes;
    if (value <= 0xff) {
      bytes[this.pos++] = UINT_8;
      bytes[this.pos++] = value;
    } else if (value <= 0xffff) {
      bytes[this.pos] = UINT_16;
      this.data.setUint16(this.pos + 1, value);
      this.pos += 3;
    } else {
      bytes[this.pos] = UINT_32;
      this.data.setUint32(this.pos + 1, value);
      this.pos += 5;
    }
  }

  /** Writes bytes as they are. */
  raw(bytes: Uint8Array): void {
    this.reserve(bytes.byteLength);
    this.bytes.set(bytes, this.pos);
    this.pos += bytes.byteLength;
  }

  byte(byte: number): void {
    this.reserve(1);
    this.bytes[this.pos++] = byte;
  }

  /** Writes the header of an array of at most `most` elements. Pass `most` and the header's place to `closeList`. */
  protected openList(most: number): void {
    this.reserve(HEADER_BYTES);
    this.pos += headerBytes(most);
  }

  protected closeList(start: number, most: number, count: number): void {
    this.#count(start, most, count, FIX_ARRAY, ARRAY_16, ARRAY_32);
  }

  /** Writes the header of a map of at most `most` entries. Pass `most` and the header's place to `closeMap`. */
  protected openMap(most: number): void {
    this.reserve(HEADER_BYTES);
    this.pos += headerBytes(most);
  }

  protected closeMap(start: number, most: number, count: number): void {
    this.#count(start, most, count, FIX_MAP, MAP_16, MAP_32);
  }

  #count(start: number, most: number, count: number, fix: number, of16: number, of32: number): void {
    if (most < FIX_COUNT) this.bytes[start] = fix | count;
    else if (most < COUNT_16) {
      this.bytes[start] = of16;
      this.data.setUint16(start + 1, count);
    } else {
      this.bytes[start] = of32;
      this.data.setUint32(start + 1, count);
    }
  }

  /** Writes the header of an extension. Pass the returned place to `closeExtension`. */
  protected openExtension(type: number): number {
    this.reserve(EXTENSION_BYTES);
    this.bytes[this.pos] = EXT_32;
    this.bytes[this.pos + EXTENSION_BYTES - 1] = type;
    this.pos += EXTENSION_BYTES;
    return this.pos;
  }

  protected closeExtension(start: number): void {
    this.data.setUint32(start - EXTENSION_BYTES + 1, this.pos - start);
  }

  /** Turns the map that began at `start` into an extension with a flat list of its keys and values. */
  protected turnIntoEntries(start: number, most: number, type: number): void {
    const from = start + headerBytes(most);
    const to = start + EXTENSION_BYTES + LIST_32_BYTES;
    this.reserve(to - from);
    this.bytes.copyWithin(to, from, this.pos);
    this.pos += to - from;
    this.bytes[start] = EXT_32;
    this.bytes[start + EXTENSION_BYTES - 1] = type;
  }

  /** `count`: keys and values together. */
  protected closeEntries(start: number, count: number): void {
    this.bytes[start + EXTENSION_BYTES] = ARRAY_32;
    this.data.setUint32(start + EXTENSION_BYTES + 1, count);
    this.closeExtension(start + EXTENSION_BYTES);
  }

  protected get room(): number {
    return this.#size - this.pos;
  }

  protected reserve(bytes: number): void {
    if (this.#size - this.pos < bytes) this.#grow(this.pos + bytes);
  }

  #grow(needed: number): void {
    const doubled = Math.max(needed, 2 * this.#size);
    const before = this.bytes;
    this.#resize(doubled > MAX_KEPT_BYTES ? Math.max(doubled, LARGE_BYTES) : doubled);
    this.bytes.set(before.subarray(0, this.pos));
  }

  #resize(bytes: number): void {
    this.bytes = Buffer.from(new ArrayBuffer(bytes));
    this.data = new DataView(this.bytes.buffer);
    this.#size = bytes;
  }
}

function headerBytes(most: number): number {
  return most < FIX_COUNT ? 1 : most < COUNT_16 ? 3 : LIST_32_BYTES;
}
