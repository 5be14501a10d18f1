import { expect, test } from "vitest";
import { eventFilter, type StreamEventFilters } from "../../src/event-stream/event-filter.ts";
import { EventStreamHandler } from "../../src/event-stream/event-stream-handler.ts";
import type { StreamEvent } from "../../src/event-stream/stream-event.ts";
import type { OwnFields } from "../../src/events.ts";
import type { AnyEventRecord, EventName } from "../../src/index.ts";

type Extras = Partial<{
  runId: string;
  parentRunId: string;
  traceId: string;
  tags: string[];
  metadata: Record<string, unknown>;
  name: string;
  extra: Record<string, unknown>;
}>;

/** A record as managers make it, of run "a" unless told otherwise. */
function record<E extends EventName>(event: E, own: OwnFields<E>, extras: Extras = {}): AnyEventRecord {
  const { runId = "a", traceId = "a" } = extras;
  const rest = { tags: [], metadata: {}, timestamp: 0, parentRunId: undefined, runId, traceId };
  return { event, ...rest, ...extras, ...own } as unknown as AnyEventRecord;
}

function setUp(filters: StreamEventFilters = {}) {
  const events: StreamEvent[] = [];
  const handler = new EventStreamHandler(eventFilter(filters), (event) => void events.push(event));
  return { handler, events };
}

function eventsOf(records: readonly AnyEventRecord[], filters?: StreamEventFilters): StreamEvent[] {
  const { handler, events } = setUp(filters);
  for (const each of records) void handler.onEvent(each);
  return events;
}

const chain = (inputs: unknown, extras?: Extras) =>
  record("on_chain_start", { serialized: { name: "chain" }, inputs }, extras);
const chainEnd = (outputs: unknown, extras?: Extras) => record("on_chain_end", { outputs }, extras);
const below = (runId: string, parentRunId: string) => ({ runId, parentRunId });

test("the envelope has the names, and only the names, of LangChain's version 2", () => {
  const tags = ["t"];
  const metadata = { tenant: 7 };
  expect(eventsOf([chain(1, { tags, metadata, name: "mine" })])).toStrictEqual([
    {
      event: "on_chain_start",
      name: "mine",
      run_id: "a",
      tags,
      metadata,
      parent_ids: [],
      data: { input: 1 },
    },
  ]);
});

test.each([
  [{ name: "given", serialized: { name: "serialized", id: ["lib", "Class"] } }, "given"],
  [{ serialized: { name: "serialized", id: ["lib", "Class"] } }, "serialized"],
  [{ serialized: { id: ["lib", "Class"] } }, "Class"],
  [{ serialized: {} }, "Unnamed"],
  [{ serialized: null }, "Unnamed"],
])("a run of %o is called %s", ({ serialized, ...extras }, name) => {
  const events = eventsOf([record("on_chain_start", { serialized, inputs: 1 }, extras)]);
  expect(events).toMatchObject([{ name }]);
});

const data = (events: readonly StreamEvent[]) => events.map((event) => [event.event, event.data]);
const root = { runId: "root", traceId: "root" };
const child = { runId: "a", parentRunId: "root", traceId: "root" };
/** What a run says below a root. */
const dataOf = (records: readonly AnyEventRecord[]) =>
  data(eventsOf([chain("r", root), ...records]).slice(1));

test("a chain: input, chunks, output with input", () => {
  const records = [
    chain({ q: 1 }, child),
    record("on_chain_stream", { chunk: "x" }, child),
    chainEnd("x", child),
  ];
  expect(dataOf(records)).toStrictEqual([
    ["on_chain_start", { input: { q: 1 } }],
    ["on_chain_stream", { chunk: "x" }],
    ["on_chain_end", { output: "x", input: { q: 1 } }],
  ]);
});

test.each(["prompt", "parser"] as const)("a chain of run type %s gives that type's events", (runType) => {
  const records = [chain(1, { ...child, extra: { runType } }), chainEnd(2, child)];
  expect(dataOf(records)).toStrictEqual([
    [`on_${runType}_start`, { input: 1 }],
    [`on_${runType}_end`, { output: 2, input: 1 }],
  ]);
});

test("a chain of any other run type is a chain", () => {
  expect(dataOf([chain(1, { ...child, extra: { runType: "tool" } })])).toMatchObject([
    ["on_chain_start", {}],
  ]);
});

test("input that is not known at the start is no key there, and comes with the end or error", () => {
  const end = record("on_chain_end", { outputs: 1, inputs: "late" }, child);
  expect(dataOf([chain(undefined, child), end])).toStrictEqual([
    ["on_chain_start", {}],
    ["on_chain_end", { output: 1, input: "late" }],
  ]);
  const error = record("on_chain_error", { error: "no", inputs: "late" }, child);
  expect(dataOf([chain(undefined, child), error])[1]).toStrictEqual([
    "on_chain_error",
    { error: "no", input: "late" },
  ]);
  expect(dataOf([chain(undefined, child), chainEnd(1, child)])[1]).toStrictEqual([
    "on_chain_end",
    { output: 1 },
  ]);
});

test("a root's end and error have no input, since its start has just told it", () => {
  expect(data(eventsOf([chain(1), chainEnd(2)]))[1]).toStrictEqual(["on_chain_end", { output: 2 }]);
  const error = new Error("no");
  const events = eventsOf([chain(1), record("on_chain_error", { error }, {})]);
  expect(data(events)[1]).toStrictEqual(["on_chain_error", { error }]);
  const late = record("on_chain_end", { outputs: 2, inputs: 1 });
  expect(data(eventsOf([chain(undefined), late]))[1]).toStrictEqual([
    "on_chain_end",
    { output: 2, input: 1 },
  ]);
});

test("a text model: prompts, chunks as given or as text, generations", () => {
  const generations = [[{ text: "Why", generationInfo: { stop: true } }, { text: "How" }]];
  const token = (chunk?: unknown) =>
    record("on_llm_new_token", { token: "Why", index: { prompt: 0, completion: 0 }, chunk }, child);
  const records = [
    record("on_llm_start", { serialized: { name: "m" }, prompts: ["p"] }, child),
    token(),
    token({ text: "Why", own: 1 }),
    record("on_llm_end", { response: { generations, llmOutput: { model: "m" } } }, child),
  ];
  const input = { prompts: ["p"] };
  const output = {
    generations: [
      [
        { text: "Why", generation_info: { stop: true }, type: "Generation" },
        { text: "How", generation_info: null, type: "Generation" },
      ],
    ],
    llm_output: { model: "m" },
  };
  expect(dataOf(records)).toStrictEqual([
    ["on_llm_start", { input }],
    ["on_llm_stream", { chunk: { text: "Why" } }],
    ["on_llm_stream", { chunk: { text: "Why", own: 1 } }],
    ["on_llm_end", { output, input }],
  ]);
});

const chat = record(
  "on_chat_model_start",
  { serialized: { name: "m" }, messages: [[{ role: "user", content: "hi" }]] },
  child,
);
const chatInput = { messages: [[{ role: "user", content: "hi" }]] };

test("a chat model: messages, chunks as messages, the first message", () => {
  const token = (chunk?: unknown) =>
    record("on_llm_new_token", { token: "Why", index: { prompt: 0, completion: 0 }, chunk }, child);
  const message = { type: "ai", content: "Why", usage: 3 };
  const generations = [[], [{ text: "Why", message }, { text: "other" }]];
  const records = [
    chat,
    token(),
    token({ text: "Why", message }),
    token({ choices: [] }),
    record("on_llm_end", { response: { generations } }, child),
  ];
  expect(dataOf(records)).toStrictEqual([
    ["on_chat_model_start", { input: chatInput }],
    ["on_chat_model_stream", { chunk: { type: "ai", content: "Why", id: "run-a" } }],
    ["on_chat_model_stream", { chunk: message }],
    ["on_chat_model_stream", { chunk: { choices: [] } }],
    ["on_chat_model_end", { output: message, input: chatInput }],
  ]);
});

test.each([
  [[[{ text: "Why" }]], { type: "ai", content: "Why", id: "run-a" }],
  [[], undefined],
])("a chat model that gives generations %o ends with %o", (generations, output) => {
  const end = record("on_llm_end", { response: { generations } }, child);
  expect(dataOf([chat, end])[1]).toStrictEqual(["on_chat_model_end", { output, input: chatInput }]);
});

test("a model's error comes with what it was given", () => {
  const error = new Error("no");
  const events = dataOf([chat, record("on_llm_error", { error }, child)]);
  expect(events[1]).toStrictEqual(["on_chat_model_error", { error, input: chatInput }]);
});

test.each([
  [{ inputs: { q: 1 } }, { q: 1 }],
  [{ inputs: {} }, {}],
  [{}, { input: "text" }],
])("a tool given %o has input %o at start, end and error", (given, input) => {
  const start = record("on_tool_start", { serialized: { name: "t" }, input: "text", ...given }, child);
  const event = record("on_tool_event", { chunk: 1 }, child);
  expect(dataOf([start, event, record("on_tool_end", { output: 2 }, child)])).toStrictEqual([
    ["on_tool_start", { input }],
    ["on_tool_stream", { chunk: 1 }],
    ["on_tool_end", { output: 2, input }],
  ]);
  const error = record("on_tool_error", { error: "no" }, child);
  expect(dataOf([start, error])[1]).toStrictEqual(["on_tool_error", { error: "no", input }]);
});

test.each([
  [{ toolCallId: "from start" }, {}, "from start"],
  [{}, { toolCallId: "from error" }, "from error"],
])("a tool's error names the call: %o, %o", (atStart, atError, tool_call_id) => {
  const start = record("on_tool_start", { serialized: null, input: "text", ...atStart }, child);
  const events = dataOf([start, record("on_tool_error", { error: "no", ...atError }, child)]);
  expect(events[1]?.[1]).toStrictEqual({ error: "no", input: { input: "text" }, tool_call_id });
});

test("a retriever: query, documents, error", () => {
  const start = record("on_retriever_start", { serialized: { name: "r" }, query: "q" }, child);
  const input = { query: "q" };
  expect(dataOf([start, record("on_retriever_end", { documents: [1] }, child)])).toStrictEqual([
    ["on_retriever_start", { input }],
    ["on_retriever_end", { output: [1], input }],
  ]);
  const error = record("on_retriever_error", { error: "no" }, child);
  expect(dataOf([start, error])[1]).toStrictEqual(["on_retriever_error", { error: "no", input }]);
});

const custom = (eventName: string, value: unknown, extras?: Extras) =>
  record("on_custom_event", { eventName, data: value }, extras);

test("a custom event has its own name, and its data as they are", () => {
  const value = { deep: [1] };
  const events = eventsOf([
    chain(1, root),
    chain(2, child),
    custom("mine", value, { ...child, tags: ["t"] }),
  ]);
  const expected = { event: "on_custom_event", name: "mine", run_id: "a", tags: ["t"], metadata: {} };
  expect(events[2]).toStrictEqual({ ...expected, parent_ids: ["root"], data: value });
  expect((events[2] as { data: unknown }).data).toBe(value);
});

test("a custom event outside of any run is in the stream too", () => {
  expect(eventsOf([custom("mine", 1)])).toMatchObject([{ name: "mine", parent_ids: [] }]);
});

test("texts, retries, agents' steps and raw stream events are not in the stream", () => {
  const records = [
    record("on_text", { text: "x" }),
    record("on_retry", { retryState: { attempt: 1 } }),
    record("on_agent_action", { action: 1 }),
    record("on_agent_finish", { finish: 1 }),
    record("on_stream_event", { streamEvent: 1 }),
  ];
  expect(eventsOf([chain(1), ...records])).toHaveLength(1);
});

test("parent ids begin with the root", () => {
  const events = eventsOf([
    chain(1, { runId: "r", traceId: "r" }),
    chain(1, { ...below("c", "r"), traceId: "r" }),
    chain(1, { ...below("g", "c"), traceId: "r" }),
    chainEnd(1, { ...below("g", "c"), traceId: "r" }),
  ]);
  expect(events.map(({ parent_ids }) => parent_ids)).toEqual([[], ["r"], ["r", "c"], ["r", "c"]]);
});

test("below a run that the stream does not know, parent ids are what the record tells", () => {
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
  record("on_tool_start", { serialized: null, input: "" }, { runId: "2", name: "two", tags: ["even"] }),
  record("on_llm_start", { serialized: null, prompts: [] }, { runId: "3", name: "three", tags: ["odd"] }),
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

test("of a run that reuses an open run's id nothing appears, and the first run goes on", () => {
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
  const token = record("on_llm_new_token", { token: "t", index: { prompt: 0, completion: 0 } }, again);
  const errors = [
    chain(1),
    chain("again", again),
    record("on_chain_stream", { chunk: "again" }, again),
    token,
    custom("again", 1, again),
    chainEnd("again", again),
    record("on_chain_stream", { chunk: 2 }),
    chainEnd(3),
  ].map(send);
  expect(data(events)).toEqual([
    ["on_chain_start", { input: 1 }],
    ["on_chain_stream", { chunk: 2 }],
    ["on_chain_end", { output: 3 }],
  ]);
  const reused = { code: "SIDECALL_RUN_REUSED", message: expect.stringContaining(" a, ") };
  expect(errors.filter((error) => error !== undefined)).toMatchObject([reused, reused]);
});

test("a run of another kind that reuses a sibling's id does not end it", () => {
  const { handler, events } = setUp();
  void handler.onEvent(chain("r", root));
  void handler.onEvent(chain(1, child));
  const end = record("on_llm_end", { response: { generations: [] } }, child);
  expect(() => handler.onEvent(end)).toThrow(expect.objectContaining({ code: "SIDECALL_RUN_REUSED" }));
  void handler.onEvent(chainEnd(2, child));
  expect(data(events).at(-1)).toEqual(["on_chain_end", { output: 2, input: 1 }]);
});

test("an id may be used again when its run has ended", () => {
  const events = eventsOf(Array.from({ length: 10 }, (_, i) => [chain(i), chainEnd(i)]).flat());
  expect(events).toHaveLength(20);
});

test("an end of a run that is not open is told, and gives no event; nor does what it says otherwise", () => {
  const { handler, events } = setUp();
  const unknown = { code: "SIDECALL_RUN_UNKNOWN", message: expect.stringContaining("run a ") };
  expect(() => handler.onEvent(chainEnd(1))).toThrow(expect.objectContaining(unknown));
  void handler.onEvent(chain(1));
  void handler.onEvent(chainEnd(1));
  void handler.onEvent(record("on_chain_stream", { chunk: "late" }));
  const again = record("on_chain_error", { error: "again" });
  expect(() => handler.onEvent(again)).toThrow(expect.objectContaining(unknown));
  expect(data(events)).toEqual([
    ["on_chain_start", { input: 1 }],
    ["on_chain_end", { output: 1 }],
  ]);
});

test("nothing is kept of runs that have ended, in whatever way", () => {
  const { handler } = setUp();
  for (let i = 0; i < 100; i += 1) {
    const ids = { runId: `${i}`, traceId: `${i}` };
    void handler.onEvent(chain(i, ids));
    expect(handler.openRuns).toBe(1);
    void handler.onEvent(i % 2 === 0 ? chainEnd(1, ids) : record("on_chain_error", { error: "no" }, ids));
  }
  expect(handler.openRuns).toBe(0);
});

test("an end that cannot be understood ends its run all the same", () => {
  const { handler } = setUp();
  void handler.onEvent(record("on_llm_start", { serialized: null, prompts: [] }));
  const response = undefined as never;
  expect(() => handler.onEvent(record("on_llm_end", { response }))).toThrow(TypeError);
  expect(handler.openRuns).toBe(0);
});

test("the run waits for what the stream says, unless the event is left out", async () => {
  const waiting = Promise.resolve();
  const handler = new EventStreamHandler(eventFilter({ excludeNames: ["two"] }), () => waiting);
  expect(handler.onEvent(chain(1, { name: "one" }))).toBe(waiting);
  expect(handler.onEvent(chain(1, { runId: "b", name: "two" }))).toBeUndefined();
});
