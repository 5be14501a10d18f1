/**
 * Holds threads back until all of them have arrived. One word of shared memory:
 *
 *   byte 0  PENDING  parties still to arrive; 0 or less once open    each party subtracts 1; `open` stores 0
 */
export class Barrier {
  /** The shared memory: post it to the other threads, and build their barriers from it. */
  readonly memory: SharedArrayBuffer;
  readonly #pending: Int32Array;

  constructor(memory: SharedArrayBuffer) {
    this.memory = memory;
    this.#pending = new Int32Array(memory);
  }

  static allocate(parties: number): Barrier {
    const barrier = new Barrier(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
    barrier.#pending[0] = parties;
    return barrier;
  }

  /** Resolves once all parties have arrived, or the barrier is open. A pending wait does not keep the thread alive. */
  async arriveAndWait(): Promise<void> {
    if (Atomics.sub(this.#pending, 0, 1) <= 1) Atomics.notify(this.#pending, 0);
    for (let pending = this.#load(); pending > 0; pending = this.#load()) {
      await Atomics.waitAsync(this.#pending, 0, pending).value;
    }
  }

  /** Releases every party that waits, and those still to arrive. */
  open(): void {
    Atomics.store(this.#pending, 0, 0);
    Atomics.notify(this.#pending, 0);
  }

  #load(): number {
    return Atomics.load(this.#pending, 0);
  }
}
