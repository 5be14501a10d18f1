import type { ResolvedLimits } from "../values/limits.ts";
import { TextWriter } from "./text-writer.ts";

const BITS_PER_DIGIT = Math.log2(10);
const MAX_BITS = 2 ** 30;

/** Counts what is written against the limits of one event. */
export class LimitedWriter extends TextWriter {
  #maxBytes = 0;
  protected maxDepth = 0;
  #keys = 0;
  #elements = 0;
  #objects = 0;
  #digits = 0;
  /** Whether something was beyond a count's limit; `isSpent` looks at the bytes too. */
  #isOver = false;

  protected begin(limits: ResolvedLimits): void {
    this.restart();
    this.#maxBytes = limits.bytes;
    this.maxDepth = limits.depth;
    this.#keys = limits.keys;
    this.#elements = limits.elements;
    this.#objects = limits.objects;
    this.#digits = limits.digits;
    this.#isOver = false;
  }

  /** Whether the limits leave no room: then everything that has parts ends with a stand-in for those that are missing. */
  protected get isSpent(): boolean {
    return this.#isOver || this.pos >= this.#maxBytes;
  }

  /** Counts a key that is about to be written. False: it is beyond the limits. */
  protected countKey(): boolean {
    this.#keys -= 1;
    if (this.#keys < 0) this.#isOver = true;
    return !this.isSpent;
  }

  /** Counts an element that is about to be written. False: it is beyond the limits. */
  protected countElement(): boolean {
    this.#elements -= 1;
    if (this.#elements < 0) this.#isOver = true;
    return !this.isSpent;
  }

  /** Counts objects that are about to be written. False: they are beyond the limits. */
  protected countObjects(objects: number): boolean {
    this.#objects -= objects;
    if (this.#objects < 0) this.#isOver = true;
    return !this.isSpent;
  }

  /** Counts the digits of a bigint that is about to be written, unless there are more than the limit leaves. */
  protected countDigits(digits: number): boolean {
    if (digits > this.#digits) return false;
    this.#digits -= digits;
    return true;
  }

  /** The most entries that can follow, with one for those that are missing. */
  protected mostKeys(size: number): number {
    return Math.min(size, Math.max(0, this.#keys) + 1);
  }

  protected mostElements(size: number): number {
    return Math.min(size, Math.max(0, this.#elements) + 1);
  }

  protected fits(bytes: number): boolean {
    return bytes <= this.#maxBytes - this.pos;
  }

  /** Looks at the length before the text: to read the text of a rope, V8 has to copy it. */
  protected fitsText(text: string): boolean {
    const { length } = text;
    return this.fits(3 * length) || (this.fits(length) && this.fits(Buffer.byteLength(text)));
  }

  /** Looks at the size alone, to a digit: making the digits takes time that grows with its square. */
  protected fitsDigits(value: bigint): boolean {
    const bits = Math.min(Math.ceil(this.#digits * BITS_PER_DIGIT) + 1, MAX_BITS);
    return BigInt.asIntN(bits, value) === value;
  }
}
