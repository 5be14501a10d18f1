import { afterAll, expect } from "vitest";
import { eventFilter } from "../../src/event-stream/event-filter.ts";
import { EventStreamHandler } from "../../src/event-stream/event-stream-handler.ts";
import {
  type AnyEventRecord,
  AsyncCallbackManager,
  type StreamEvent,
  type StreamEventFilters,
  type StreamEventsOptions,
  streamEvents,
  withContext,
} from "../../src/index.ts";
import type { Placed, Placement } from "../placements.ts";
import { step } from "../support/steps.ts";

/*
 * Helpers for the rows of the event stream.
 *
 * The stream's own handler is always inline. Each row also runs with a recorder in every placement, whose records, replayed,
 * must give the same stream.
 */

const beside = new Map<Placement, Placed>();

export async function recorderAt(placement: Placement): Promise<Placed> {
  const placed = beside.get(placement) ?? (await placement.place("Recorder"));
  beside.set(placement, placed);
  return placed;
}

afterAll(async () => {
  await Promise.all([...beside.values()].map((placed) => placed.close()));
});

function replayed(records: readonly AnyEventRecord[], filters: StreamEventFilters): StreamEvent[] {
  const events: StreamEvent[] = [];
  const handler = new EventStreamHandler(eventFilter(filters), (event) => void events.push(event));
  for (const record of records) void handler.onEvent(record);
  return events;
}

export interface Read {
  readonly events: StreamEvent[];
  /** Error of the iteration. */
  readonly error?: unknown;
}

/** Streams a function to its end, or failure, beside a recorder. */
export async function stream(
  placement: Placement,
  run: Parameters<typeof streamEvents>[0],
  options: StreamEventsOptions = {},
): Promise<Read> {
  const placed = await recorderAt(placement);
  const events: StreamEvent[] = [];
  const failed: { error?: unknown } = {};
  try {
    for await (const event of streamEvents(run, { ...options, callbacks: [placed.handler] }))
      events.push(event);
  } catch (error) {
    failed.error = error;
  }
  await placed.flush();
  const lanes = await placed.call<AnyEventRecord[]>("take");
  // Traces are spread over lanes; a stable sort keeps each lane's order.
  const records = lanes.flat().sort((a, b) => a.timestamp - b.timestamp);
  expect(replayed(records, options)).toEqual(events);
  return { events, ...failed };
}

export const names = ({ events }: Read) => events.map(({ event, name }) => `${event} ${name}`);
export const withData = ({ events }: Read) => events.map(({ event, name, data }) => [event, name, data]);
export const configure = () => AsyncCallbackManager.configure();

/** Runs a function as a tool below the ambient run. */
export function tool(name: string, body: (input: unknown) => unknown) {
  return async (inputs: Record<string, unknown>) => {
    const run = await configure().onToolStart({ name }, JSON.stringify(inputs), { inputs });
    const output = await withContext({ run }, () => body(inputs));
    await run.onToolEnd(output);
    return output;
  };
}

export const reverse = (text: unknown) => [...String(text)].reverse().join("");

/** The n-th step of a sequence: reverses each piece of its input as it comes. */
function link(n: number) {
  const body = async function* (input: unknown) {
    if (typeof input === "string") yield reverse(input);
    else for await (const piece of input as AsyncIterable<string>) yield reverse(piece);
  };
  return step(`${n}`, body, { configure: { localTags: [`seq:step:${n}`] } });
}

export const sequence = step("sequence", (input) => link(3).stream(link(2).stream(link(1).stream(input))));
