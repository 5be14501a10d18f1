import { deliver } from "../../src/core/deliver.ts";
import type { AnyEventRecord } from "../../src/core/events.ts";
import type { Counts } from "../harness/counts.ts";
import CountingHandler from "./counting.ts";

const handler = new CountingHandler();

/** The task that a plain Piscina pool runs for each event. */
export default function handle(record: AnyEventRecord): void {
  deliver(handler, record);
}

export function counts(): Counts {
  return handler.counts();
}
