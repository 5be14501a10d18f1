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
  /** Whether a count has reached its limit; `isSpent` looks at the bytes too. */
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

  /** Whether a limit is reached: then everything that has parts ends with a stand-in for those that are missing. */
  protected get isSpent(): boolean {
    return this.#isOver || this.pos >= this.#maxBytes;
  }

  protected countKey(): void {
    this.#keys -= 1;
    if (this.#keys <= 0) this.#isOver = true;
  }

  protected countElement(): void {
    this.#elements -= 1;
    if (this.#elements <= 0) this.#isOver = true;
  }

  protected countObjects(objects: number): void {
    this.#objects -= objects;
    if (this.#objects <= 0) this.#isOver = true;
  }

  protected countDigits(digits: number): void {
    this.#digits -= digits;
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

  /** Looks at the size, not at the digits: making them takes time that grows with its square. */
  protected fitsDigits(value: bigint): boolean {
    const bits = Math.min(Math.floor(this.#digits * BITS_PER_DIGIT), MAX_BITS);
    return bits > 0 && BigInt.asIntN(bits, value) === value;
  }
}
