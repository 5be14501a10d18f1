import { EVENTS, type EventName, type EventRecord } from "../../src/index.ts";

let time = Date.UTC(2026, 0, 2, 3, 4, 5);

/**
 * A record as a manager makes it, of a root run unless `fields` says otherwise, a millisecond after the one before.
 * Own fields that `fields` omits are missing, but for `serialized`, which is null.
 */
export function record<E extends EventName>(
  event: E,
  runId: string,
  fields: Partial<EventRecord<E>> = {},
): EventRecord<E> {
  time += 1;
  const { phase, described } = EVENTS[event];
  const start = phase === "start" ? { serialized: null } : {};
  const description = described ? { metadata: {} } : {};
  const identity = { runId, parentRunId: undefined, traceId: runId, tags: [], timestamp: time };
  return { ...start, ...description, ...identity, event, ...fields } as unknown as EventRecord<E>;
}
