import { parentPort } from "node:worker_threads";
import { deliver } from "../../src/core/deliver.ts";
import type { AnyEventRecord } from "../../src/core/events.ts";
import CountingHandler from "./counting.ts";

/**
 * Messages to the worker of the `postMessage` peers. An event gets no answer, `awaited` an answer once it is handled, a
 * number comes back unchanged, "counts" is answered with the counts so far.
 */
export type WorkerMessage = AnyEventRecord | { readonly awaited: AnyEventRecord } | number | "counts";

const handler = new CountingHandler();

parentPort?.on("message", (message: WorkerMessage) => {
  if (typeof message === "number") parentPort?.postMessage(message);
  else if (message === "counts") parentPort?.postMessage(handler.counts());
  else if ("awaited" in message) {
    deliver(handler, message.awaited);
    parentPort?.postMessage(0);
  } else deliver(handler, message);
});
