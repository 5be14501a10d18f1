const unchanging = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/** Blocks this thread, its event loop included, for some milliseconds. */
export function pauseThread(millis: number): void {
  Atomics.wait(unchanging, 0, 0, millis);
}
