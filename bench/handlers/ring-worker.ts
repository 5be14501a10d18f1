import { parentPort, workerData } from "node:worker_threads";
import { RingConsumer } from "../../src/shared-memory/consumer.ts";
import { NAPPING, SLEEPING } from "../../src/shared-memory/layout.ts";

/** Sums over everything read from a raw ring. */
export interface RingTotals {
  readonly entries: number;
  readonly bytes: number;
  /** Sum of all bytes. */
  readonly sum: number;
}

const ENTRIES_PER_RELEASE = 64;
/** Like a lane, the worker polls this many times after its last entry before it sleeps. */
const NAPS = 20;
const NAP_MILLIS = 1;

const ring = new RingConsumer(workerData as SharedArrayBuffer);
let entries = 0;
let bytes = 0;
let sum = 0;

/** Reads all available entries. Returns whether there were any. */
function drain(): boolean {
  const before = entries;
  for (let at = ring.next(); at !== -1; at = ring.next()) {
    const end = at + ring.bodyBytes;
    for (let i = at; i < end; i += 1) sum += ring.bytes[i] ?? 0;
    bytes += ring.bodyBytes;
    entries += 1;
    ring.markDone(at);
    if (entries % ENTRIES_PER_RELEASE === 0 && ring.release()) ring.offerSpace(false);
  }
  ring.release();
  ring.offerSpace(true);
  return entries > before;
}

// Everything sent before this message is in the ring already.
parentPort?.on("message", () => {
  drain();
  parentPort?.postMessage({ entries, bytes, sum } satisfies RingTotals);
});

for (let naps = 0; ; naps += 1) {
  if (drain()) naps = 0;
  await (naps < NAPS ? ring.wait(NAPPING, NAP_MILLIS) : ring.wait(SLEEPING, Number.POSITIVE_INFINITY));
}
