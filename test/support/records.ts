import type { AnyEventRecord, EventName, EventRecord } from "../../src/index.ts";

let time = Date.UTC(2026, 0, 2, 3, 4, 5);

/** A record as a manager makes it; `fields` has what matters to the test. Each is a millisecond after the one before. */
export function record<E extends EventName>(
  event: E,
  runId: string,
  fields: Partial<EventRecord<E>> = {},
): AnyEventRecord {
  time += 1;
  const described = { serialized: null, metadata: {} };
  const identity = { runId, parentRunId: undefined, traceId: runId, tags: [], timestamp: time };
  return { ...described, ...identity, event, ...fields } as unknown as AnyEventRecord;
}
