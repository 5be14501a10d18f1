import { expect } from "vitest";
import { withContext } from "../../src/index.ts";
import { PLACEMENTS } from "../placements.ts";
import { chatModel, step } from "../support/steps.ts";
import { row } from "./row.ts";
import { configure, names, reverse, sequence, stream, tool, withData } from "./streamed.ts";

async function retrieve(query: string): Promise<readonly unknown[]> {
  const run = await configure().onRetrieverStart({ name: "retriever" }, query);
  const documents = [{ pageContent: query }];
  await run.onRetrieverEnd(documents);
  return documents;
}

row(90, PLACEMENTS, async (placement) => {
  const run = step("reverse", reverse);
  expect(withData(await stream(placement, () => run("hello")))).toStrictEqual([
    ["on_chain_start", "reverse", { input: "hello" }],
    ["on_chain_stream", "reverse", { chunk: "olleh" }],
    ["on_chain_end", "reverse", { output: "olleh" }],
  ]);
});

row(91, PLACEMENTS, async (placement) => {
  const f = step("f", (input) => ({ x: input }));
  const t = tool("t", () => "done");
  const run = step("root", async (input) => t((await f(input)) as Record<string, unknown>));
  expect(withData(await stream(placement, () => run(1)))).toStrictEqual([
    ["on_chain_start", "root", { input: 1 }],
    ["on_chain_start", "f", { input: 1 }],
    ["on_chain_stream", "f", { chunk: { x: 1 } }],
    ["on_chain_end", "f", { output: { x: 1 }, input: 1 }],
    ["on_tool_start", "t", { input: { x: 1 } }],
    ["on_tool_end", "t", { output: "done", input: { x: 1 } }],
    ["on_chain_stream", "root", { chunk: "done" }],
    ["on_chain_end", "root", { output: "done" }],
  ]);
});

row(92, PLACEMENTS, async (placement) => {
  const read = await stream(placement, () => sequence("hello"));
  expect(withData(read)).toStrictEqual([
    ["on_chain_start", "sequence", { input: "hello" }],
    ["on_chain_start", "1", { input: "hello" }],
    ["on_chain_stream", "1", { chunk: "olleh" }],
    ["on_chain_start", "2", {}],
    ["on_chain_stream", "2", { chunk: "hello" }],
    ["on_chain_start", "3", {}],
    ["on_chain_stream", "3", { chunk: "olleh" }],
    ["on_chain_stream", "sequence", { chunk: "olleh" }],
    ["on_chain_end", "1", { output: "olleh", input: "hello" }],
    ["on_chain_end", "2", { output: "hello", input: "olleh" }],
    ["on_chain_end", "3", { output: "olleh", input: "hello" }],
    ["on_chain_end", "sequence", { output: "olleh" }],
  ]);
  for (const { name, tags } of read.events) {
    expect(tags).toEqual(name === "sequence" ? [] : [`seq:step:${name}`]);
  }
});

row(96, PLACEMENTS, async (placement) => {
  const model = chatModel("class name", ["a", "b", "c"], { name: "given name" });
  const around = { tags: ["mine"], metadata: { tenant: 7 } };
  const { events } = await stream(placement, () => withContext(around, () => model("hi")));
  expect(events.map(({ event, data }) => [event, data])).toStrictEqual([
    ["on_chat_model_start", { input: { messages: [[{ type: "human", content: "hi" }]] } }],
    ...["a", "b", "c"].map((content) => ["on_chat_model_stream", { chunk: { type: "ai", content } }]),
    ["on_chat_model_end", { output: { type: "ai", content: "abc" } }],
  ]);
  for (const event of events) expect(event).toMatchObject({ ...around, name: "given name" });
});

const model = chatModel("model", ["a", "b"]);
const MODEL = ["start", "stream", "stream", "end"].map((phase) => `on_chat_model_${phase} model`);

row(97, PLACEMENTS, async (placement) => {
  for (const body of [() => model(), async () => `${await model()}`]) {
    const read = await stream(placement, () => step("f", body)());
    expect(names(read)).toEqual(["on_chain_start f", ...MODEL, "on_chain_stream f", "on_chain_end f"]);
    expect(read.events.at(-2)?.data).toEqual({ chunk: "ab" });
  }
});

row(98, PLACEMENTS, async (placement) => {
  const prompt = step("prompt", (input) => `Say ${input}`, {
    start: { extra: { runType: "prompt" } },
    streams: false,
  });
  const run = step("chain", async function* (input) {
    yield* model.stream(await prompt(input));
  });
  expect(names(await stream(placement, () => run("hi")))).toEqual([
    "on_chain_start chain",
    "on_prompt_start prompt",
    "on_prompt_end prompt",
    "on_chat_model_start model",
    "on_chat_model_stream model",
    "on_chain_stream chain",
    "on_chat_model_stream model",
    "on_chain_stream chain",
    "on_chat_model_end model",
    "on_chain_end chain",
  ]);
});

row(99, PLACEMENTS, async (placement) => {
  const read = await stream(placement, async () => {
    await tool("without", () => 1)({});
    await tool("with", () => 2)({ x: 1, y: "2" });
  });
  expect(withData(read)).toStrictEqual([
    ["on_tool_start", "without", { input: {} }],
    ["on_tool_end", "without", { output: 1 }],
    ["on_tool_start", "with", { input: { x: 1, y: "2" } }],
    ["on_tool_end", "with", { output: 2 }],
  ]);
});

row(100, PLACEMENTS, async (placement) => {
  const output = [{ pageContent: "q" }];
  expect(withData(await stream(placement, () => retrieve("q")))).toStrictEqual([
    ["on_retriever_start", "retriever", { input: { query: "q" } }],
    ["on_retriever_end", "retriever", { output }],
  ]);
  const inChain = await stream(placement, () => step("chain", () => retrieve("q"))());
  expect(withData(inChain).slice(1, 3)).toStrictEqual([
    ["on_retriever_start", "retriever", { input: { query: "q" } }],
    ["on_retriever_end", "retriever", { output, input: { query: "q" } }],
  ]);
});

row(102, PLACEMENTS, async (placement) => {
  const run = step("chain", async function* () {
    const [llm] = await configure().onLLMStart({ name: "text model" }, ["p"]);
    await llm?.onLLMEnd({ generations: [[{ text: "ab" }]] });
    yield* ["a", "b"];
  });
  const output = {
    generations: [[{ text: "ab", generation_info: null, type: "Generation" }]],
    llm_output: null,
  };
  const input = { prompts: ["p"] };
  expect(withData(await stream(placement, () => run(1)))).toStrictEqual([
    ["on_chain_start", "chain", { input: 1 }],
    ["on_llm_start", "text model", { input }],
    ["on_llm_end", "text model", { output, input }],
    ["on_chain_stream", "chain", { chunk: "a" }],
    ["on_chain_stream", "chain", { chunk: "b" }],
    ["on_chain_end", "chain", { output: "ab" }],
  ]);
});

row(104, PLACEMENTS, async (placement) => {
  const read = await stream(placement, async ({ callbacks }) => {
    const run = await callbacks.onChainStart({ name: "mine" }, [1, 2, 3]);
    for (const element of [1, 2, 3]) await run.onChainStream(element);
    await run.onChainEnd(6);
  });
  expect(withData(read)).toStrictEqual([
    ["on_chain_start", "mine", { input: [1, 2, 3] }],
    ...[1, 2, 3].map((chunk) => ["on_chain_stream", "mine", { chunk }]),
    ["on_chain_end", "mine", { output: 6 }],
  ]);
});

row(110, PLACEMENTS, async (placement) => {
  const plain = step("inner", (input) => input);
  const asynchronous = step("inner", async (input) => input);
  const bodies = [
    async () => `${await plain("x")}`,
    async () => `${await asynchronous("x")}`,
    () => plain("x"),
    () => asynchronous("x"),
  ];
  for (const body of bodies) {
    expect(withData(await stream(placement, () => step("outer", body)("y")))).toStrictEqual([
      ["on_chain_start", "outer", { input: "y" }],
      ["on_chain_start", "inner", { input: "x" }],
      ["on_chain_stream", "inner", { chunk: "x" }],
      ["on_chain_end", "inner", { output: "x", input: "x" }],
      ["on_chain_stream", "outer", { chunk: "x" }],
      ["on_chain_end", "outer", { output: "x" }],
    ]);
  }
});

row(111, PLACEMENTS, async (placement) => {
  const run = step("root", async function* () {
    const first = await step("a", async () => "1")();
    yield* step("b", async () => `${first}2`).stream();
  });
  const phases = ["start", "stream", "end"];
  const inner = ["a", "b"].map((name) => phases.map((phase) => `on_chain_${phase} ${name}`));
  const read = await stream(placement, () => run(), { excludeNames: ["root"] });
  expect(names(read)).toEqual(inner.flat());
});
