import { AsyncCallbackManager, type EventStream, type StreamEvent } from "../../src/index.ts";
import { step } from "./steps.ts";

export const configure = () => AsyncCallbackManager.configure();
export const names = (events: readonly StreamEvent[]) => events.map(({ event, name }) => `${event} ${name}`);

export async function readAll(stream: AsyncIterable<StreamEvent>): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

/** Reads until the stream ends or fails. Returns the events, and the error. */
export async function readWhatComes(stream: EventStream): Promise<{ events: StreamEvent[]; error: unknown }> {
  const events: StreamEvent[] = [];
  try {
    for await (const event of stream) events.push(event);
    return { events, error: undefined };
  } catch (error) {
    return { events, error };
  }
}

export const hello = step("hello", (input) => `hello ${input}`);
export const HELLO = ["on_chain_start hello", "on_chain_stream hello", "on_chain_end hello"];
