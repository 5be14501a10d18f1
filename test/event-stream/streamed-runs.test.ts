import { expect, test } from "vitest";
import { eventFilter, type StreamEventFilters } from "../../src/event-stream/event-filter.ts";
import { EventStreamHandler } from "../../src/event-stream/event-stream-handler.ts";
import type { AnyEventRecord } from "../../src/index.ts";
import { record } from "../support/records.ts";
import {
  below,
  chain,
  chainEnd,
  child,
  custom,
  data,
  eventsOf,
  root,
  setUp,
} from "../support/stream-handler.ts";

test("parent ids begin with the root", () => {
  const events = eventsOf([
    chain(1, { runId: "r", traceId: "r" }),
    chain(1, { ...below("c", "r"), traceId: "r" }),
    chain(1, { ...below("g", "c"), traceId: "r" }),
    chainEnd(1, { ...below("g", "c"), traceId: "r" }),
  ]);
  expect(events.map(({ parent_ids }) => parent_ids)).toEqual([[], ["r"], ["r", "c"], ["r", "c"]]);
});

test("below a run that the stream does not have, parent ids are those of the record", () => {
  const events = eventsOf([
    chain(1, { ...below("x", "gone"), traceId: "top" }),
    chain(1, { ...below("y", "top"), traceId: "top" }),
    chain(1, { ...below("z", "x"), traceId: "top" }),
  ]);
  expect(events.map(({ parent_ids }) => parent_ids)).toEqual([
    ["top", "gone"],
    ["top"],
    ["top", "gone", "x"],
  ]);
});

const FILTERED = [
  chain(1, { runId: "1", name: "one", tags: ["odd", "first"] }),
  record("on_tool_start", "2", { serialized: null, input: "", name: "two", tags: ["even"] }),
  record("on_llm_start", "3", { serialized: null, prompts: [], name: "three", tags: ["odd"] }),
  chain(1, { runId: "4", name: "four", extra: { runType: "prompt" } }),
  custom("five", 5, { runId: "1", tags: ["odd"] }),
];

test.each<[StreamEventFilters, string[]]>([
  [{}, ["one", "two", "three", "four", "five"]],
  [{ includeNames: ["two", "five"] }, ["two", "five"]],
  [{ includeTypes: ["llm", "prompt"] }, ["three", "four"]],
  [{ includeTypes: ["five"] }, ["five"]],
  [{ includeTags: ["first", "even"] }, ["one", "two"]],
  [{ includeNames: ["four"], includeTypes: ["tool"], includeTags: ["first"] }, ["one", "two", "four"]],
  [{ includeNames: [] }, []],
  [{ excludeNames: ["one"] }, ["two", "three", "four", "five"]],
  [{ excludeTypes: ["chain", "five"] }, ["two", "three", "four"]],
  [{ excludeTags: ["odd"] }, ["two", "four"]],
  [{ includeTags: ["odd"], excludeNames: ["one"] }, ["three", "five"]],
  [{ includeTags: ["odd"], excludeNames: ["one"], excludeTypes: ["llm"] }, ["five"]],
])("with %o the stream has %o", (filters, names) => {
  expect(eventsOf(FILTERED, filters).map(({ name }) => name)).toEqual(names);
});

test.each([
  [{ includeNames: "one" }, "includeNames"],
  [{ excludeTags: [1] }, "excludeTags"],
])("%o is refused", (filters, key) => {
  const expected = { code: "SIDECALL_OPTION_INVALID", message: expect.stringContaining(`\`${key}\``) };
  expect(() => eventFilter(filters as object)).toThrow(expect.objectContaining(expected));
});

test("a run that reuses an open run's id gives no events, and the first run goes on", () => {
  const { handler, events } = setUp();
  const send = (each: AnyEventRecord) => {
    try {
      void handler.onEvent(each);
      return undefined;
    } catch (error) {
      return error;
    }
  };
  const again = { runId: "a", parentRunId: "a", traceId: "a" };
  const token = record("on_llm_new_token", "a", {
    token: "t",
    index: { prompt: 0, completion: 0 },
    ...again,
  });
  const errors = [
    chain(1),
    chain("again", again),
    record("on_chain_stream", "a", { chunk: "again", ...again }),
    token,
    custom("again", 1, again),
    chainEnd("again", again),
    record("on_chain_stream", "a", { chunk: 2 }),
    chainEnd(3),
  ].map(send);
  expect(data(events)).toEqual([
    ["on_chain_start", { input: 1 }],
    ["on_chain_stream", { chunk: 2 }],
    ["on_chain_end", { output: 3 }],
  ]);
  const reused = { code: "SIDECALL_RUN_REUSED", message: expect.stringContaining(" a (chain), ") };
  expect(errors.filter((error) => error !== undefined)).toMatchObject([reused, reused]);
});

test("a run of another kind that reuses a sibling's id does not end it", () => {
  const { handler, events } = setUp();
  void handler.onEvent(chain("r", root));
  void handler.onEvent(chain(1, child));
  const end = record("on_llm_end", "a", { response: { generations: [] }, ...child });
  expect(() => handler.onEvent(end)).toThrow(expect.objectContaining({ code: "SIDECALL_RUN_REUSED" }));
  void handler.onEvent(chainEnd(2, child));
  expect(data(events).at(-1)).toEqual(["on_chain_end", { output: 2, input: 1 }]);
});

test("an id may be used again when its run has ended", () => {
  const events = eventsOf(Array.from({ length: 10 }, (_, i) => [chain(i), chainEnd(i)]).flat());
  expect(events).toHaveLength(20);
});

test("an end of a run that is not open throws and gives no event; its other events give none either", () => {
  const { handler, events } = setUp();
  const unknown = { code: "SIDECALL_RUN_UNKNOWN", message: expect.stringContaining("run a, ") };
  expect(() => handler.onEvent(chainEnd(1))).toThrow(expect.objectContaining(unknown));
  void handler.onEvent(chain(1));
  void handler.onEvent(chainEnd(1));
  void handler.onEvent(record("on_chain_stream", "a", { chunk: "late" }));
  const again = record("on_chain_error", "a", { error: "again" });
  expect(() => handler.onEvent(again)).toThrow(expect.objectContaining(unknown));
  expect(data(events)).toEqual([
    ["on_chain_start", { input: 1 }],
    ["on_chain_end", { output: 1 }],
  ]);
});

test("nothing is kept of runs that have ended, in a result or an error", () => {
  const { handler } = setUp();
  for (let i = 0; i < 100; i += 1) {
    const ids = { runId: `${i}`, traceId: `${i}` };
    void handler.onEvent(chain(i, ids));
    expect(handler.openRuns).toBe(1);
    void handler.onEvent(
      i % 2 === 0 ? chainEnd(1, ids) : record("on_chain_error", "a", { error: "no", ...ids }),
    );
  }
  expect(handler.openRuns).toBe(0);
});

test("a malformed end ends its run all the same", () => {
  const { handler } = setUp();
  void handler.onEvent(record("on_llm_start", "a", { serialized: null, prompts: [] }));
  const response = undefined as never;
  void handler.onEvent(record("on_llm_end", "a", { response }));
  expect(handler.openRuns).toBe(0);
});

test("the run waits for the promise of `send`, unless the filter drops the event", async () => {
  const waiting = Promise.resolve();
  const handler = new EventStreamHandler(eventFilter({ excludeNames: ["two"] }), () => waiting);
  expect(handler.onEvent(chain(1, { name: "one" }))).toBe(waiting);
  expect(handler.onEvent(chain(1, { runId: "b", name: "two" }))).toBeUndefined();
});
