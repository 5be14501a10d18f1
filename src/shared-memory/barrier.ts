/** One word of shared memory, that counts who has come. */
export function allocateGate(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
}

/** Comes to a gate, and resolves when `total` have come. A pending wait does not keep the thread alive. */
export async function waitForAll(gate: Int32Array, total: number): Promise<void> {
  Atomics.add(gate, 0, 1);
  Atomics.notify(gate, 0);
  for (let here = Atomics.load(gate, 0); here < total; here = Atomics.load(gate, 0)) {
    await Atomics.waitAsync(gate, 0, here).value;
  }
}

/** Lets everybody through who waits for `total`. */
export function openGate(gate: Int32Array, total: number): void {
  Atomics.add(gate, 0, total);
  Atomics.notify(gate, 0);
}
