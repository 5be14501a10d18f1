import { readFileSync, rmSync } from "node:fs";
import vm from "node:vm";
import { Document } from "@langchain/core/documents";
import { AIMessage, HumanMessage, ToolMessage } from "@langchain/core/messages";
import { RunnableLambda, RunnableSequence } from "@langchain/core/runnables";
import { FakeListChatModel } from "@langchain/core/utils/testing";
import { expect } from "vitest";
import { AsyncCallbackManager, type CallbackHandler, StandIn } from "../../src/index.ts";
import { describeBinary } from "../fixtures/handlers/values.ts";
import { scratch } from "../fixtures/scratch.ts";
import { PLACEMENTS, type Placement } from "../placements.ts";
import { OFF_THREAD, ORDERED, taken, withPlaced } from "./placed.ts";
import { other } from "./row.ts";

/** Sends each value as the output of a tool, and returns the descriptions that the handler made of them. */
async function described(placement: Placement, outputs: readonly unknown[]): Promise<string[]> {
  let texts: string[] = [];
  await withPlaced(placement, ["Describing"], async (placed) => {
    const manager = new AsyncCallbackManager({ handlers: [placed.handler] });
    for (const output of outputs) {
      await (await manager.onToolStart({ name: "t" }, "x")).onToolEnd(output);
    }
    texts = await taken<string>(placed);
  });
  return texts;
}

function binaryValues(): unknown[] {
  const bytes = Uint8Array.from({ length: 24 }, (_, i) => i + 1);
  const shared = new SharedArrayBuffer(3);
  new Uint8Array(shared).set([7, 8, 9]);
  const { buffer } = bytes;
  return [
    bytes.slice(0, 5),
    Buffer.from("abc"),
    buffer.slice(1, 4),
    shared,
    new DataView(buffer.slice(0, 2)),
    ...[Int8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array].map(
      (Class) => new Class(buffer.slice(0, 8)),
    ),
    ...[Float32Array, Float64Array, BigInt64Array, BigUint64Array].map(
      (Class) => new Class(buffer.slice(8, 24)),
    ),
    new Uint8Array(0),
  ];
}

other("v1", OFF_THREAD, async (placement) => {
  const values = binaryValues();
  // Alone in their memory, as a copy of Buffer.from is not.
  const expected = values
    .map(describeBinary)
    .join("; ")
    .replace(/(Buffer 616263 in) \d+/, "$1 3");
  const lengths = [0, 300, 20_000, 1_200_000];
  const texts = await described(
    placement,
    lengths.map((length) => ({ values, filler: "x".repeat(length) })),
  );
  expect(texts).toEqual(lengths.map(() => expected));
});

other("v2", OFF_THREAD, async (placement) => {
  const form = new FormData();
  form.set("field", "of a form");
  const objects: readonly (readonly [unknown, RegExp])[] = [
    [new Headers({ "x-request-id": "req_1" }), /Headers.*req_1/],
    [new URLSearchParams("q=weather"), /URLSearchParams.*weather/],
    [new Response("body", { status: 429, headers: { a: "b" } }), /StandIn.*Response.*429.*a: 'b'/],
    [new Request("http://127.0.0.1/x", { method: "POST", body: "x" }), /StandIn.*Request.*POST.*127/],
    [form, /StandIn.*FormData.*of a form/],
    [new Blob(["image"], { type: "image/png" }), /StandIn.*Blob.*image\/png.*size: 5/],
    [new ReadableStream(), /StandIn.*ReadableStream/],
    [AbortSignal.abort(new Error("why")), /StandIn.*AbortSignal.*why/],
    [[1].values(), /StandIn.*Iterator/],
    [Object(42), /^42$/],
    [Promise.resolve(1), /StandIn.*Promise/],
    [/(?<year>\d+)/.exec("in 2024"), /index: 3.*year: '2024'/],
    [new DOMException("left", "AbortError"), /AbortError.*left/],
    [vm.runInNewContext("new TypeError('of a realm')"), /TypeError: of a realm/],
    [vm.runInNewContext("new Map([['key', new Set([/of a realm/])]])"), /Map.*key.*Set.*of a realm/],
    [vm.runInNewContext("Promise.resolve(1)"), /StandIn.*Promise/],
  ];
  const texts = await described(
    placement,
    objects.map(([object]) => ({ object })),
  );
  for (const [, pattern] of objects) {
    const matching = new RegExp(pattern.source.replace("^", "object: ").replace("$", " "), "s");
    // Two lanes, and threads without order, have them in another order.
    expect(texts.filter((text) => matching.test(text))).not.toEqual([]);
  }
});

const at = scratch();
const SECRET = "sk-live-0123456789";

class Chat extends FakeListChatModel {
  override lc_serializable = true;
  readonly apiKey = SECRET;
  override get lc_secrets() {
    return { apiKey: "MY_API_KEY" };
  }
}

class Config {
  readonly key = SECRET;
  toJSON() {
    return { key: "***" };
  }
}

class Broken {
  readonly key = SECRET;
  toJSON() {
    throw new Error("no JSON");
  }
}

/** The one line that a tracer at this placement writes of what `drive` does. */
async function tracedLine(
  placement: Placement,
  drive: (handler: CallbackHandler) => Promise<void>,
): Promise<string> {
  const path = at("traced.jsonl");
  rmSync(path, { force: true });
  const placed = await placement.place("JsonLinesTracer", { path });
  await drive(placed.handler);
  await placed.handler.close?.();
  return readFileSync(path, "utf8");
}

other("v3", ORDERED, async (placement) => {
  const model = new Chat({ responses: ["x"] });
  const sequence = RunnableSequence.from([new RunnableLambda({ func: (x: string) => x }), model]);
  const serialized = JSON.parse(JSON.stringify(sequence)) as object;
  const line = await tracedLine(placement, async (handler) => {
    const metadata = { config: new Config() };
    const manager = new AsyncCallbackManager({ handlers: [handler], metadata });
    const inputs = { llm: model, config: new Config(), broken: new Broken() };
    const extra = { llm: model, live: sequence.toJSON() };
    const run = await manager.onChainStart(serialized, inputs, { extra });
    await run.onChainEnd({ steps: [model] });
  });
  expect(line).not.toContain(SECRET);
  expect(line).toContain('"config":{"key":"***"}');
  expect(line).toContain('"broken":{"standIn":"unreadable","text":"no JSON"}');
  expect(line).toContain("MY_API_KEY");
});

function answer(): AIMessage {
  const message = new AIMessage("");
  message.tool_calls = [{ name: "search", args: { q: "x" }, id: "call_1", type: "tool_call" }];
  return Object.assign(message, {
    usage_metadata: { input_tokens: 1, output_tokens: 2, total_tokens: 3 },
  });
}

/** One, since stacks differ with the way to them. */
const INNER_ERROR = new RangeError("inner", { cause: new Error("why") });

async function driveAgent(handler: CallbackHandler): Promise<void> {
  const manager = new AsyncCallbackManager({ handlers: [handler], inheritableHandlers: [handler] });
  const cycle: Record<string, unknown> = { nothing: undefined };
  cycle["self"] = cycle;
  const long = Array.from({ length: 300_000 }, (_, i) => i);
  const inputs = {
    messages: [new HumanMessage("said once")],
    values: [12n, -0, Number.NaN, undefined, null, new Date(0), new Map([["k", 1]]), new Set(["a"])],
    others: [
      /x/g,
      new URL("http://a.b/c"),
      new Headers({ a: "b" }),
      Symbol("s"),
      () => 1,
      Buffer.from("abc"),
    ],
    error: INNER_ERROR,
    cycle,
    long,
  };
  const chain = await manager.onChainStart({ name: "agent" }, inputs);
  const [llm] = await chain.getChild().onChatModelStart({ name: "m" }, [[new HumanMessage("hi")]]);
  await llm?.onLLMEnd({ generations: [[{ text: "", message: answer() }]] });
  const tool = await chain.getChild().onToolStart({ name: "search" }, "x", { toolCallId: "call_1" });
  await tool.onToolEnd(new ToolMessage({ content: "It rains", tool_call_id: "call_1" }));
  const retriever = await chain.getChild().onRetrieverStart({ name: "r" }, "q");
  await retriever.onRetrieverEnd([new Document({ pageContent: "text", metadata: { a: 1 }, id: "d1" })]);
  await chain.onCustomEvent("progress", { fn: () => 1, message: new HumanMessage("hi") });
  await chain.onChainEnd(answer());
}

/** A trace without what differs between two runs: ids and times. */
function comparable(line: string): string {
  const kept = ["name", "runType", "inputs", "outputs", "error", "extra", "metadata", "tags", "children"];
  const value = JSON.parse(line, function (this: Record<string, unknown>, key, part) {
    if ("runType" in this && Array.isArray(part) && key === "events") {
      return part.map(({ time: _, ...event }: { time: number }) => event);
    }
    return "runType" in this && !kept.includes(key) && key !== "" ? undefined : part;
  });
  return JSON.stringify(value, null, 1);
}

other("v4", ORDERED, async (placement) => {
  const [inline] = PLACEMENTS;
  const line = await tracedLine(placement, driveAgent);
  expect(comparable(line)).toBe(comparable(await tracedLine(inline as Placement, driveAgent)));
  expect(line.split("said once")).toHaveLength(2);
  expect(line).toContain('{"standIn":"too large","text":"');
  expect(line).toContain('"self":{"standIn":"cycle"');
});

other("v5", OFF_THREAD, async (placement) => {
  await withPlaced(placement, ["Recorder"], async (placed) => {
    const manager = new AsyncCallbackManager({ handlers: [placed.handler] });
    const undefinedCycle: Record<string, unknown> = { a: undefined };
    undefinedCycle["self"] = undefinedCycle;
    const map = new Map<string, unknown>();
    map.set("self", map);
    const error: Error & { response?: unknown } = new Error("x");
    error.response = { status: 429, error };
    const run = await manager.onChainStart(null, { undefinedCycle, map, error });
    await run.onChainEnd({});
    const [start] = await taken<{ inputs: Record<string, unknown> }>(placed);
    const cut = expect.objectContaining({ reason: "cycle" });
    expect(start?.inputs).toEqual({
      undefinedCycle: { self: cut },
      map: new Map([["self", cut]]),
      error: expect.objectContaining({ message: "x", response: { status: 429, error: cut } }),
    });
    expect(start?.inputs["undefinedCycle"]).toHaveProperty("self", expect.any(StandIn));
  });
});
