import type { OwnFields } from "../../src/core/events.ts";
import { eventFilter, type StreamEventFilters } from "../../src/event-stream/event-filter.ts";
import { EventStreamHandler } from "../../src/event-stream/event-stream-handler.ts";
import type { StreamEvent } from "../../src/event-stream/stream-event.ts";
import type { AnyEventRecord, EventName } from "../../src/index.ts";

export type Extras = Partial<{
  runId: string;
  parentRunId: string;
  traceId: string;
  tags: string[];
  metadata: Record<string, unknown>;
  name: string;
  extra: Record<string, unknown>;
}>;

/** A record as managers make it, of run "a" unless told otherwise. */
export function record<E extends EventName>(
  event: E,
  own: OwnFields<E>,
  extras: Extras = {},
): AnyEventRecord {
  const { runId = "a", traceId = "a" } = extras;
  const rest = { tags: [], metadata: {}, timestamp: 0, parentRunId: undefined, runId, traceId };
  return { event, ...rest, ...extras, ...own } as unknown as AnyEventRecord;
}

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

export const chain = (inputs: unknown, extras?: Extras) =>
  record("on_chain_start", { serialized: { name: "chain" }, inputs }, extras);
export const chainEnd = (outputs: unknown, extras?: Extras) => record("on_chain_end", { outputs }, extras);
export const below = (runId: string, parentRunId: string) => ({ runId, parentRunId });
export const custom = (eventName: string, value: unknown, extras?: Extras) =>
  record("on_custom_event", { eventName, data: value }, extras);

export const data = (events: readonly StreamEvent[]) => events.map((event) => [event.event, event.data]);
export const root = { runId: "root", traceId: "root" };
export const child = { runId: "a", parentRunId: "root", traceId: "root" };
