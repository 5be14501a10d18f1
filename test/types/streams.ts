import {
  AsyncIteratorCallbackHandler,
  type StreamEvent,
  type StreamedRunContext,
  streamEvents,
} from "sidecall";
import { runBatch } from "sidecall/batch";
import { startMockServer } from "sidecall/testing";
import { exactly } from "./assert.ts";

/* Streams and their results. */

interface Answer {
  readonly text: string;
}
declare function answer(question: string, context?: StreamedRunContext): Promise<Answer>;

export async function results(isAsync: boolean, given: () => Answer | Promise<Answer>): Promise<void> {
  exactly<Answer>()(await streamEvents((context) => answer("q", context)).result);
  exactly<boolean>()(await streamEvents(async ({ signal }) => signal.aborted).result);
  exactly<string>()(await streamEvents(() => "at once").result);
  exactly<Answer>()(await streamEvents(given).result);
  exactly<void>()(await streamEvents(async () => {}).result);
  exactly<Answer | string>()(await streamEvents(isAsync ? () => answer("q") : () => "none").result);
  const generator = streamEvents(async function* ({ callbacks }) {
    yield callbacks.tags;
    return { text: "all" } satisfies Answer;
  });
  exactly<{ text: string }>()(await generator.result);
  const iterable = {
    async *[Symbol.asyncIterator](): AsyncGenerator<string, Answer> {
      yield "a";
      return { text: "a" };
    },
  };
  exactly<Answer>()(await streamEvents(async () => iterable).result);
  for await (const event of generator) exactly<StreamEvent>()(event);
  await generator.return();
}

export async function tokens(): Promise<void> {
  const handler = new AsyncIteratorCallbackHandler();
  for await (const token of handler.aiter()) exactly<string>()(token);
}

export const entries = [startMockServer, runBatch] as const;
