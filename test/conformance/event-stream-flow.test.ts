import { Worker } from "node:worker_threads";
import { expect } from "vitest";
import { eventFilter } from "../../src/event-stream/event-filter.ts";
import { EventStreamHandler } from "../../src/event-stream/event-stream-handler.ts";
import { type AnyEventRecord, AsyncCallbackManager, streamEvents } from "../../src/index.ts";
import { collectFailures, PLACEMENTS } from "../placements.ts";
import { step } from "../support/steps.ts";
import { settleTasks } from "../support/tasks.ts";
import { defect, NO_PLACEMENT, row } from "./row.ts";
import { names, recorderAt, stream } from "./streamed.ts";

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

/** Two steps; the first goes on until it is cancelled. */
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
