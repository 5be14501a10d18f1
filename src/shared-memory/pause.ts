const nobody = new Int32Array(new SharedArrayBuffer(4));

/** Stops this thread, its event loop included, for some milliseconds. */
export function pauseThread(millis: number): void {
  Atomics.wait(nobody, 0, 0, millis);
}
