import type { RunDescription, RunIdentity } from "../../src/core/events.ts";
import { eventFilter, type StreamEventFilters } from "../../src/event-stream/event-filter.ts";
import { EventStreamHandler } from "../../src/event-stream/event-stream-handler.ts";
import type { StreamEvent } from "../../src/event-stream/stream-event.ts";
import type { AnyEventRecord } from "../../src/index.ts";
import { record } from "./records.ts";

/** Fields of a record's run, whose id is "a" by default. */
type RunFields = Partial<RunIdentity & RunDescription>;

export function setUp(filters: StreamEventFilters = {}) {
  const events: StreamEvent[] = [];
  const handler = new EventStreamHandler(eventFilter(filters), (event) => void events.push(event));
  return { handler, events };
}

export function eventsOf(records: readonly AnyEventRecord[], filters?: StreamEventFilters): StreamEvent[] {
  const { handler, events } = setUp(filters);
  for (const each of records) void handler.onEvent(each);
  return events;
}

export const chain = (inputs: unknown, { runId = "a", ...run }: RunFields = {}) =>
  record("on_chain_start", runId, { serialized: { name: "chain" }, inputs, ...run });
export const chainEnd = (outputs: unknown, { runId = "a", ...run }: RunFields = {}) =>
  record("on_chain_end", runId, { outputs, ...run });
export const custom = (eventName: string, value: unknown, { runId = "a", ...run }: RunFields = {}) =>
  record("on_custom_event", runId, { eventName, data: value, ...run });
export const below = (runId: string, parentRunId: string) => ({ runId, parentRunId });

export const data = (events: readonly StreamEvent[]) => events.map((event) => [event.event, event.data]);
export const root = { runId: "root", traceId: "root" };
export const child = { runId: "a", parentRunId: "root", traceId: "root" };
