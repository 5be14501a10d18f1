import { Worker } from "node:worker_threads";
import { afterAll, expect } from "vitest";
import { eventFilter } from "../../src/event-stream/event-filter.ts";
import { EventStreamHandler } from "../../src/event-stream/event-stream-handler.ts";
import {
  type AnyEventRecord,
  AsyncCallbackManager,
  dispatchCustomEvent,
  type StreamEvent,
  type StreamEventFilters,
  type StreamEventsOptions,
  streamEvents,
  withContext,
} from "../../src/index.ts";
import { collectFailures, PLACEMENTS, type Placed, type Placement } from "../placements.ts";
import { chatModel, step } from "../support/steps.ts";
import { settleTasks } from "../support/tasks.ts";
import { defect, NO_PLACEMENT, row } from "./row.ts";

/*
 * The stream's own handler is always inline. Each row is run with a recorder beside it, wherever that can be: what the
 * recorder has got gives the same stream once more.
 */

const beside = new Map<Placement, Placed>();

async function recorderAt(placement: Placement): Promise<Placed> {
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

interface Read {
  readonly events: StreamEvent[];
  /** What the iteration failed with. */
  readonly error?: unknown;
}

/** Streams a function to its end, or failure, beside a recorder. */
async function stream(
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
  // Traces lie in several lanes; what has the same time in one lane stays in its order.
  const records = lanes.flat().sort((a, b) => a.timestamp - b.timestamp);
  expect(replayed(records, options)).toEqual(events);
  return { events, ...failed };
}

const names = ({ events }: Read) => events.map(({ event, name }) => `${event} ${name}`);
const told = ({ events }: Read) => events.map(({ event, name, data }) => [event, name, data]);
const configure = () => AsyncCallbackManager.configure();

/** Runs a function as a tool below the run around. */
function tool(name: string, body: (input: unknown) => unknown) {
  return async (inputs: Record<string, unknown>) => {
    const run = await configure().onToolStart({ name }, JSON.stringify(inputs), { inputs });
    const output = await withContext({ run }, () => body(inputs));
    await run.onToolEnd(output);
    return output;
  };
}

async function retrieve(query: string): Promise<readonly unknown[]> {
  const run = await configure().onRetrieverStart({ name: "retriever" }, query);
  const documents = [{ pageContent: query }];
  await run.onRetrieverEnd(documents);
  return documents;
}

const reverse = (text: unknown) => [...String(text)].reverse().join("");

/** The n-th step of a sequence: reverses each piece of its input as it comes. */
function link(n: number) {
  const body = async function* (input: unknown) {
    if (typeof input === "string") yield reverse(input);
    else for await (const piece of input as AsyncIterable<string>) yield reverse(piece);
  };
  return step(`${n}`, body, { configure: { localTags: [`seq:step:${n}`] } });
}

const sequence = step("sequence", (input) => link(3).stream(link(2).stream(link(1).stream(input))));

row(45, PLACEMENTS, async (placement) => {
  const data = [{ x: 1 }, "text"];
  const run = step("f", async () => {
    for (const each of data) await dispatchCustomEvent("mine", each);
    return 1;
  });
  const read = await stream(placement, () => run());
  expect(names(read)).toEqual([
    "on_chain_start f",
    ...data.map(() => "on_custom_event mine"),
    "on_chain_stream f",
    "on_chain_end f",
  ]);
  expect(read.events.slice(1, 3).map((event) => event.data)).toEqual(data);
  expect(new Set(read.events.map(({ run_id }) => run_id)).size).toBe(1);
});

row(46, PLACEMENTS, async (placement) => {
  const child = step("child", () => dispatchCustomEvent("mine", 1));
  const { events } = await stream(placement, () => step("root", () => child())());
  const [root, start, custom] = events;
  expect(custom).toMatchObject({
    event: "on_custom_event",
    run_id: start?.run_id,
    parent_ids: [root?.run_id],
  });
});

row(47, PLACEMENTS, async (placement) => {
  const run = tool("t", () => dispatchCustomEvent("mine", 1));
  const read = await stream(placement, () => run({ x: 1 }));
  expect(names(read)).toEqual(["on_tool_start t", "on_custom_event mine", "on_tool_end t"]);
});

row(84, PLACEMENTS, async (placement) => {
  for (const i of [0, 1, 3]) {
    const chunks = ["a", "b", "c", "d"].slice(0, i);
    const text = chunks.join("");
    const response = { generations: i === 0 ? [] : [[{ text }]] };
    const errors: unknown[] = [];
    const { events } = await stream(placement, async ({ callbacks }) => {
      callbacks.addHandler({ onLLMError: (record) => errors.push(record.response) });
      const [run] = await callbacks.onLLMStart({ name: "model" }, ["p"]);
      for (const chunk of chunks) await run?.onLLMNewToken(chunk);
      await run?.onLLMError(new Error("broken"), { response });
    });
    expect(errors).toEqual([response]);
    const phases = ["start", ...chunks.map(() => "stream"), "error"];
    expect(events.map(({ event }) => event)).toEqual(phases.map((phase) => `on_llm_${phase}`));
  }
});

row(86, NO_PLACEMENT, async () => {
  const order: string[] = [];
  const run = step("producer", async function* () {
    for (const item of ["a", "b", "c"]) {
      order.push(`makes ${item}`);
      yield item;
      await settleTasks();
    }
  });
  for await (const { event, data } of streamEvents(() => run())) {
    if (event === "on_chain_stream") order.push(`reads ${data.chunk}`);
  }
  const expected = ["a", "b", "c"].flatMap((item) => [`makes ${item}`, `reads ${item}`]);
  expect(order).toEqual(expected);
});

row(87, NO_PLACEMENT, async () => {
  const code = `const { parentPort } = require("node:worker_threads");
    let next = 0;
    parentPort.on("message", () => parentPort.postMessage(next++));
    parentPort.postMessage(next++);`;
  const worker = new Worker(code, { eval: true });
  const items = async ({ callbacks }: { callbacks: AsyncCallbackManager }) => {
    const run = await callbacks.onChainStart({ name: "producer" }, 1);
    for (let i = 0; i < 5; i += 1) {
      const item = await new Promise((resolve) => worker.once("message", resolve));
      await run.onChainStream(item);
    }
    await run.onChainEnd(5);
  };
  const read: unknown[] = [];
  // The producer makes the next item only when this one is read.
  for await (const { event, data } of streamEvents(items)) {
    if (event !== "on_chain_stream") continue;
    read.push(data.chunk);
    worker.postMessage("next");
  }
  await worker.terminate();
  expect(read).toEqual([0, 1, 2, 3, 4]);
});

row(88, NO_PLACEMENT, async () => {
  const left = streamEvents(async ({ callbacks }) => {
    const run = await callbacks.onChainStart(null, 1);
    await settleTasks();
    await run.onChainEnd(2);
    return "ended";
  });
  await left.next();
  const failures = await collectFailures(async () => {
    await left.return();
    expect(await left.result).toBe("ended");
  });
  expect(failures).toEqual([]);
  expect(await left.next()).toEqual({ done: true, value: undefined });
});

row(89, PLACEMENTS, async (placement) => {
  expect(await stream(placement, () => undefined)).toEqual({ events: [] });
});

row(90, PLACEMENTS, async (placement) => {
  const run = step("reverse", reverse);
  expect(told(await stream(placement, () => run("hello")))).toStrictEqual([
    ["on_chain_start", "reverse", { input: "hello" }],
    ["on_chain_stream", "reverse", { chunk: "olleh" }],
    ["on_chain_end", "reverse", { output: "olleh" }],
  ]);
});

row(91, PLACEMENTS, async (placement) => {
  const f = step("f", (input) => ({ x: input }));
  const t = tool("t", () => "done");
  const run = step("root", async (input) => t((await f(input)) as Record<string, unknown>));
  expect(told(await stream(placement, () => run(1)))).toStrictEqual([
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
  expect(told(read)).toStrictEqual([
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

row(93, PLACEMENTS, async (placement) => {
  const error = new Error("no");
  const middle = step("middle", () => Promise.reject(error));
  const run = step("root", async () => {
    await step("first", () => 1)();
    await middle();
    await step("last", () => 3)();
  });
  const read = await stream(placement, () => run());
  expect(read.error).toBe(error);
  expect(names(read)).not.toContain("on_chain_start last");
});

row(94, PLACEMENTS, async (placement) => {
  const read = await stream(placement, () => sequence("hello"), { includeNames: ["1"] });
  expect(names(read)).toEqual(["on_chain_start 1", "on_chain_stream 1", "on_chain_end 1"]);
  expect(read.events[0]?.data).toEqual({ input: "hello" });
});

row(95, PLACEMENTS, async (placement) => {
  const tagged = (name: string) =>
    step(name, () => 1, { configure: { localTags: [name === "c" ? "other" : "mine"] } });
  const all = async () => {
    for (const name of ["a", "b", "c"]) await tagged(name)();
  };
  const read = await stream(placement, all, { includeTags: ["mine"], excludeNames: ["b"] });
  expect(names(read)).toEqual(["on_chain_start a", "on_chain_stream a", "on_chain_end a"]);
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
  expect(told(read)).toStrictEqual([
    ["on_tool_start", "without", { input: {} }],
    ["on_tool_end", "without", { output: 1 }],
    ["on_tool_start", "with", { input: { x: 1, y: "2" } }],
    ["on_tool_end", "with", { output: 2 }],
  ]);
});

row(100, PLACEMENTS, async (placement) => {
  const output = [{ pageContent: "q" }];
  expect(told(await stream(placement, () => retrieve("q")))).toStrictEqual([
    ["on_retriever_start", "retriever", { input: { query: "q" } }],
    ["on_retriever_end", "retriever", { output }],
  ]);
  const inChain = await stream(placement, () => step("chain", () => retrieve("q"))());
  expect(told(inChain).slice(1, 3)).toStrictEqual([
    ["on_retriever_start", "retriever", { input: { query: "q" } }],
    ["on_retriever_end", "retriever", { output, input: { query: "q" } }],
  ]);
});

row(101, PLACEMENTS, async (placement) => {
  const flaky = step("flaky", async (_, run) => {
    for (let attempt = 1; attempt <= 2; attempt += 1) await run.onRetry({ attempt });
    throw new Error("every time");
  });
  const run = step("root", async () => {
    await step("early", () => 1)();
    await flaky();
  });
  const read = await stream(placement, () => run());
  expect(names(read).filter((name) => name.includes("_end"))).toEqual(["on_chain_end early"]);
  expect(read.error).toMatchObject({ message: "every time" });
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
  expect(told(await stream(placement, () => run(1)))).toStrictEqual([
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
  expect(told(read)).toStrictEqual([
    ["on_chain_start", "mine", { input: [1, 2, 3] }],
    ...[1, 2, 3].map((chunk) => ["on_chain_stream", "mine", { chunk }]),
    ["on_chain_end", "mine", { output: 6 }],
  ]);
});

row(105, PLACEMENTS, async (placement) => {
  const run = ["third", "second", "first"].reduce(
    (inner, runId) => step(runId, () => inner(), { start: { runId } }),
    step("innermost", () => 1, { streams: false }),
  );
  const { events } = await stream(placement, () => run(), { excludeNames: ["innermost"] });
  const ends = events.filter(({ event }) => event !== "on_chain_stream");
  expect(ends.map(({ run_id, parent_ids }) => [run_id, parent_ids])).toEqual([
    ["first", []],
    ["second", ["first"]],
    ["third", ["first", "second"]],
    ["third", ["first", "second"]],
    ["second", ["first"]],
    ["first", []],
  ]);
});

/** A parent with a child of the same id. What a recorder has got of it cannot be replayed without a failure. */
async function reuse() {
  const child = step("child", () => "child", { start: { runId: "same" } });
  const parent = step("parent", () => child(), { start: { runId: "same" } });
  const events: StreamEvent[] = [];
  const all = streamEvents(() => parent());
  const failures = await collectFailures(async () => {
    for await (const event of all) events.push(event);
  });
  return { events, failures, result: await all.result };
}

row(106, NO_PLACEMENT, async () => {
  const { failures, result } = await reuse();
  expect(result).toBe("child");
  const reused = { handler: "EventStreamHandler", runId: "same", error: { code: "SIDECALL_RUN_REUSED" } };
  expect(failures).toMatchObject([
    { ...reused, event: "on_chain_start" },
    { ...reused, event: "on_chain_end" },
  ]);
});

defect("5.2.2", NO_PLACEMENT, async () => {
  const expected = ["on_chain_start parent", "on_chain_stream parent", "on_chain_end parent"];
  expect(names(await reuse())).toEqual(expected);
});

row(107, PLACEMENTS, async (placement) => {
  const read = await stream(placement, async ({ callbacks }) => {
    const [run] = await AsyncCallbackManager.configure({
      inheritable: callbacks,
      local: callbacks,
    }).onChatModelStart({ name: "model" }, [[]]);
    await run?.onLLMNewToken("a");
    await run?.onLLMEnd({ generations: [] });
  });
  const phases = ["start", "stream", "end"];
  expect(names(read)).toEqual(phases.map((phase) => `on_chat_model_${phase} model`));
});

/** Two steps, of which the first goes on until it is cancelled. */
function endless(seen: string[]) {
  const first = step("first", async function* (_, run) {
    for (;;) {
      await settleTasks(1);
      run.signal?.throwIfAborted();
      yield "x";
    }
  });
  return step("root", async () => {
    await first().catch(() => seen.push("first is cancelled"));
    await step("second", () => seen.push("second has begun"))();
  });
}

row(108, PLACEMENTS, async (placement) => {
  const seen: string[] = [];
  const placed = await recorderAt(placement);
  const all = streamEvents(() => endless(seen)(), { callbacks: [placed.handler] });
  for await (const { event } of all) if (event === "on_chain_stream") break;
  await expect(all.result).rejects.toMatchObject({ code: "SIDECALL_STREAM_LEFT" });
  expect(seen).toEqual(["first is cancelled"]);
  await placed.flush();
  const records = (await placed.call<AnyEventRecord[]>("take")).flat();
  expect(records.filter(({ event }) => event === "on_chain_error")).toHaveLength(2);
});

row(109, PLACEMENTS, async (placement) => {
  const seen: string[] = [];
  const consumer = new AbortController();
  const reason = new Error("cancelled");
  const placed = await recorderAt(placement);
  const options = { callbacks: [placed.handler], signal: consumer.signal };
  const all = streamEvents(() => endless(seen)(), options);
  const reading = async () => {
    for await (const { event } of all) if (event === "on_chain_stream") consumer.abort(reason);
  };
  await expect(reading()).rejects.toBe(reason);
  await expect(all.result).rejects.toBe(reason);
  expect(seen).toEqual(["first is cancelled"]);
  await placed.flush();
  const records = (await placed.call<AnyEventRecord[]>("take")).flat();
  expect(records.filter(({ event }) => event === "on_chain_error")).toHaveLength(2);
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
    expect(told(await stream(placement, () => step("outer", body)("y")))).toStrictEqual([
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

defect("5.2.1", PLACEMENTS, async (placement) => {
  const error = new Error("no");
  const { events } = await stream(placement, async ({ callbacks }) => {
    const chain = await callbacks.onChainStart(null, "c");
    const child = chain.getChild();
    const [llm] = await child.onLLMStart(null, ["p"]);
    const [chat] = await child.onChatModelStart(null, [[]]);
    const run = await child.onToolStart(null, "t", { toolCallId: "7" });
    const retriever = await child.onRetrieverStart(null, "q");
    await llm?.onLLMError(error);
    await chat?.onLLMError(error);
    await run.onToolError(error);
    await retriever.onRetrieverError(error);
    await chain.onChainError(error);
  });
  expect(events.slice(5).map(({ event, data }) => [event, data])).toStrictEqual([
    ["on_llm_error", { error, input: { prompts: ["p"] } }],
    ["on_chat_model_error", { error, input: { messages: [[]] } }],
    ["on_tool_error", { error, input: { input: "t" }, tool_call_id: "7" }],
    ["on_retriever_error", { error, input: { query: "q" } }],
    ["on_chain_error", { error }],
  ]);
});

defect("5.2.3", NO_PLACEMENT, async () => {
  const handler = new EventStreamHandler(eventFilter({}), () => undefined);
  const manager = new AsyncCallbackManager();
  manager.addHandler(handler);
  const open: number[] = [];
  for (let i = 0; i < 100; i += 1) {
    const chain = await manager.onChainStart(null, i);
    const [llm] = await chain.getChild().onLLMStart(null, ["p"]);
    const retriever = await chain.getChild().onRetrieverStart(null, "q");
    open.push(handler.openRuns);
    for (const failed of [llm?.onLLMError(i), retriever.onRetrieverError(i), chain.onChainError(i)])
      await failed;
  }
  expect(open).toEqual(Array(100).fill(3));
  expect(handler.openRuns).toBe(0);
});

defect("5.2.4", NO_PLACEMENT, async () => {
  let sent = 0;
  const run = step("endless", async function* () {
    for (; ; sent += 1) yield sent;
  });
  const all = streamEvents(() => run(), { maxBufferedEvents: 10 });
  await all.next();
  await settleTasks();
  expect(sent).toBe(10);
  await all.return();
});

defect("c30", PLACEMENTS, async (placement) => {
  const run = step("root", async () => {
    await step("broken", () => Promise.reject(new Error("no")))().catch(() => step("fallback", () => 1)());
  });
  const { events } = await stream(placement, () => run());
  const [root, broken] = events;
  const fallback = events.find(({ name }) => name === "fallback");
  expect(fallback?.parent_ids).toEqual([root?.run_id]);
  expect(broken).toMatchObject({ name: "broken", parent_ids: [root?.run_id] });
});

defect("c35", PLACEMENTS, async (placement) => {
  const order: string[] = [];
  const placed = await recorderAt(placement);
  const run = step("live", async function* () {
    for (const item of ["a", "b"]) {
      order.push(`makes ${item}`);
      yield item;
      await settleTasks();
    }
    order.push("ends");
  });
  for await (const { event, data } of streamEvents(() => run(), { callbacks: [placed.handler] })) {
    if (event === "on_chain_stream") order.push(`reads ${data.chunk}`);
  }
  await placed.call("take");
  expect(order).toEqual(["makes a", "reads a", "makes b", "reads b", "ends"]);
});
