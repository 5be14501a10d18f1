/*
 * A sequence of records that two threads generate from the same seed, so that one verifies what the other wrote. Sizes are
 * pseudo-random, a byte derives from its record's number and its place, and sentinels stand at both ends:
 *
 *   ┌──────┬───────────────────────────┬──────┐
 *   │ 0xa5 │ 31 × record + 7 × place … │ 0x5a │
 *   └──────┴───────────────────────────┴──────┘
 */

export interface Sequence {
  readonly seed: number;
  readonly maxBodyBytes: number;
}

const FIRST_SENTINEL = 0xa5;
const LAST_SENTINEL = 0x5a;

/** Pseudo-random integers of 32 bits (mulberry32). */
function randomIntegers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

function byteOf(record: number, place: number): number {
  return (Math.imul(record, 31) + Math.imul(place, 7)) & 0xff;
}

export class SequenceGenerator {
  readonly #random: () => number;
  readonly #maxBodyBytes: number;
  /** Size of the next record; at least the two sentinels. */
  nextBytes: number;
  #record = 0;

  constructor({ seed, maxBodyBytes }: Sequence) {
    this.#random = randomIntegers(seed);
    this.#maxBodyBytes = maxBodyBytes;
    this.nextBytes = this.#size();
  }

  #size(): number {
    return 2 + (this.#random() % (this.#maxBodyBytes - 1));
  }

  /** Writes the next record, and advances. */
  write(body: Uint8Array): void {
    body[0] = FIRST_SENTINEL;
    for (let place = 1; place < body.length - 1; place += 1) body[place] = byteOf(this.#record, place);
    body[body.length - 1] = LAST_SENTINEL;
    this.#record += 1;
    this.nextBytes = this.#size();
  }
}

export class SequenceVerifier {
  readonly #generator: SequenceGenerator;
  readonly #expected: Buffer;
  verified = 0;

  constructor(sequence: Sequence) {
    this.#generator = new SequenceGenerator(sequence);
    this.#expected = Buffer.alloc(sequence.maxBodyBytes);
  }

  verify(body: Uint8Array): void {
    const expected = this.#expected.subarray(0, this.#generator.nextBytes);
    this.#generator.write(expected);
    if (!expected.equals(body)) {
      throw new Error(
        `record ${this.verified}: expected ${expected.toString("hex")}, got ${Buffer.from(body).toString("hex")}`,
      );
    }
    this.verified += 1;
  }
}
