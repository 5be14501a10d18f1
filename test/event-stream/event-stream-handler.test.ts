import { expect, test } from "vitest";
import type { AnyEventRecord } from "../../src/index.ts";
import { record } from "../support/records.ts";
import { chain, chainEnd, child, custom, data, eventsOf, root } from "../support/stream-handler.ts";

test("the envelope has exactly the names of LangChain's version 2", () => {
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
  const events = eventsOf([record("on_chain_start", "a", { serialized, inputs: 1, ...extras })]);
  expect(events).toMatchObject([{ name }]);
});

/** Names and data of the events of `records` below a root. */
const dataOf = (records: readonly AnyEventRecord[]) =>
  data(eventsOf([chain("r", root), ...records]).slice(1));

test("a chain: input, chunks, output with input", () => {
  const records = [
    chain({ q: 1 }, child),
    record("on_chain_stream", "a", { chunk: "x", ...child }),
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

test("input that is unknown at the start is no key there, and comes with the end or error", () => {
  const end = record("on_chain_end", "a", { outputs: 1, inputs: "late", ...child });
  expect(dataOf([chain(undefined, child), end])).toStrictEqual([
    ["on_chain_start", {}],
    ["on_chain_end", { output: 1, input: "late" }],
  ]);
  const error = record("on_chain_error", "a", { error: "no", inputs: "late", ...child });
  expect(dataOf([chain(undefined, child), error])[1]).toStrictEqual([
    "on_chain_error",
    { error: "no", input: "late" },
  ]);
  expect(dataOf([chain(undefined, child), chainEnd(1, child)])[1]).toStrictEqual([
    "on_chain_end",
    { output: 1 },
  ]);
});

test("a root's end and error have no input, since its start has just shown it", () => {
  expect(data(eventsOf([chain(1), chainEnd(2)]))[1]).toStrictEqual(["on_chain_end", { output: 2 }]);
  const error = new Error("no");
  const events = eventsOf([chain(1), record("on_chain_error", "a", { error })]);
  expect(data(events)[1]).toStrictEqual(["on_chain_error", { error }]);
  const late = record("on_chain_end", "a", { outputs: 2, inputs: 1 });
  expect(data(eventsOf([chain(undefined), late]))[1]).toStrictEqual([
    "on_chain_end",
    { output: 2, input: 1 },
  ]);
});

test("a text model: prompts, chunks as given or as text, generations", () => {
  const generations = [[{ text: "Why", generationInfo: { stop: true } }, { text: "How" }]];
  const token = (chunk?: unknown) =>
    record("on_llm_new_token", "a", { token: "Why", index: { prompt: 0, completion: 0 }, chunk, ...child });
  const records = [
    record("on_llm_start", "a", { serialized: { name: "m" }, prompts: ["p"], ...child }),
    token(),
    token({ text: "Why", own: 1 }),
    record("on_llm_end", "a", { response: { generations, llmOutput: { model: "m" } }, ...child }),
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

const chat = record("on_chat_model_start", "a", {
  serialized: { name: "m" },
  messages: [[{ role: "user", content: "hi" }]],
  ...child,
});
const chatInput = { messages: [[{ role: "user", content: "hi" }]] };

test("a chat model: messages, chunks as messages, the first message", () => {
  const token = (chunk?: unknown) =>
    record("on_llm_new_token", "a", { token: "Why", index: { prompt: 0, completion: 0 }, chunk, ...child });
  const message = { type: "ai", content: "Why", usage: 3 };
  const generations = [[], [{ text: "Why", message }, { text: "other" }]];
  const records = [
    chat,
    token(),
    token({ text: "Why", message }),
    token({ choices: [] }),
    record("on_llm_end", "a", { response: { generations }, ...child }),
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
  const end = record("on_llm_end", "a", { response: { generations }, ...child });
  expect(dataOf([chat, end])[1]).toStrictEqual(["on_chat_model_end", { output, input: chatInput }]);
});

test("a model's error comes with the model's input", () => {
  const error = new Error("no");
  const events = dataOf([chat, record("on_llm_error", "a", { error, ...child })]);
  expect(events[1]).toStrictEqual(["on_chat_model_error", { error, input: chatInput }]);
});

test.each([
  [{ inputs: { q: 1 } }, { q: 1 }],
  [{ inputs: {} }, {}],
  [{}, { input: "text" }],
])("a tool given %o has input %o at start, end and error", (given, input) => {
  const start = record("on_tool_start", "a", {
    serialized: { name: "t" },
    input: "text",
    ...given,
    ...child,
  });
  const event = record("on_tool_event", "a", { chunk: 1, ...child });
  expect(dataOf([start, event, record("on_tool_end", "a", { output: 2, ...child })])).toStrictEqual([
    ["on_tool_start", { input }],
    ["on_tool_stream", { chunk: 1 }],
    ["on_tool_end", { output: 2, input }],
  ]);
  const error = record("on_tool_error", "a", { error: "no", ...child });
  expect(dataOf([start, error])[1]).toStrictEqual(["on_tool_error", { error: "no", input }]);
});

test.each([
  [{ toolCallId: "from start" }, {}, "from start"],
  [{}, { toolCallId: "from error" }, "from error"],
])("a tool's error names the call: %o, %o", (atStart, atError, tool_call_id) => {
  const start = record("on_tool_start", "a", { serialized: null, input: "text", ...atStart, ...child });
  const events = dataOf([start, record("on_tool_error", "a", { error: "no", ...atError, ...child })]);
  expect(events[1]?.[1]).toStrictEqual({ error: "no", input: { input: "text" }, tool_call_id });
});

test("a retriever: query, documents, error", () => {
  const start = record("on_retriever_start", "a", { serialized: { name: "r" }, query: "q", ...child });
  const input = { query: "q" };
  expect(dataOf([start, record("on_retriever_end", "a", { documents: [1], ...child })])).toStrictEqual([
    ["on_retriever_start", { input }],
    ["on_retriever_end", { output: [1], input }],
  ]);
  const error = record("on_retriever_error", "a", { error: "no", ...child });
  expect(dataOf([start, error])[1]).toStrictEqual(["on_retriever_error", { error: "no", input }]);
});

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
    record("on_text", "a", { text: "x" }),
    record("on_retry", "a", { retryState: { attempt: 1 } }),
    record("on_agent_action", "a", { action: 1 }),
    record("on_agent_finish", "a", { finish: 1 }),
    record("on_stream_event", "a", { streamEvent: 1 }),
  ];
  expect(eventsOf([chain(1), ...records])).toHaveLength(1);
});
