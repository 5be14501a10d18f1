import { parentPort, workerData } from "node:worker_threads";
import { RingConsumer } from "../../src/shared-memory/consumer.ts";
import { NAPPING, SLEEPING } from "../../src/shared-memory/layout.ts";

/** What has come out of a raw ring. */
export interface RingTotals {
  readonly records: number;
  readonly bytes: number;
  /** Sum of all bytes. */
  readonly sum: number;
}

const RECORDS_PER_RELEASE = 64;
/** As a lane does: it looks again by itself for a while before it sleeps. */
const NAPS = 20;
const NAP_MILLIS = 1;

const ring = new RingConsumer(workerData as SharedArrayBuffer);
let records = 0;
let bytes = 0;
let sum = 0;

/** Takes what is there. Returns whether there was anything. */
function drain(): boolean {
  const before = records;
  for (let at = ring.next(); at !== -1; at = ring.next()) {
    const end = at + ring.bodyBytes;
    for (let i = at; i < end; i += 1) sum += ring.bytes[i] ?? 0;
    bytes += ring.bodyBytes;
    records += 1;
    ring.markDone(at);
    if (records % RECORDS_PER_RELEASE === 0 && ring.release()) ring.offerSpace(false);
  }
  ring.release();
  ring.offerSpace(true);
  return records > before;
}

// All that was sent before this message is in the ring.
parentPort?.on("message", () => {
  drain();
  parentPort?.postMessage({ records, bytes, sum } satisfies RingTotals);
});

for (let naps = 0; ; naps += 1) {
  if (drain()) naps = 0;
  await (naps < NAPS ? ring.wait(NAPPING, NAP_MILLIS) : ring.wait(SLEEPING, Number.POSITIVE_INFINITY));
}
