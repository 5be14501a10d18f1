import { existsSync, readdirSync, statSync } from "node:fs";
import { expect, test } from "vitest";
import { jsonText } from "../../src/common/json-text.ts";
import { AsyncCallbackManager, JsonLinesTracer, jsonLinesTracerModule, offThread } from "../../src/index.ts";
import { readJsonLines, scratch } from "../fixtures/scratch.ts";
import { collectFailures } from "../placements.ts";

const path = scratch();

interface TraceLine {
  readonly id: string;
  readonly parentRunId: string | null;
  readonly dottedOrder: string;
  readonly name: string;
  readonly runType: string;
  readonly startTime: number;
  readonly endTime: number | null;
  readonly outputs: unknown;
  readonly error: unknown;
  readonly tokens: {
    readonly count: number;
    readonly firstTime: number | null;
    readonly lastTime: number | null;
  };
  readonly children: readonly TraceLine[];
}

function tracerTo(name: string) {
  const tracer = new JsonLinesTracer({ path: path(name) });
  const manager = new AsyncCallbackManager({ handlers: [tracer], inheritableHandlers: [tracer] });
  return { tracer, manager, lines: () => readJsonLines<TraceLine>(path(name)) };
}

test("a finished root run is one line with its children nested in it", async () => {
  const { tracer, manager, lines } = tracerTo("tree.jsonl");
  const chain = await manager.onChainStart({ name: "agent" }, { question: "?" });
  const [model] = await chain
    .getChild()
    .onChatModelStart({ name: "gpt" }, [[{ role: "user", content: "hi" }]]);
  await model?.onLLMNewToken("Hel");
  await model?.onLLMNewToken("lo");
  await model?.onRetry({ attempt: 1 });
  await model?.onLLMEnd({ generations: [[{ text: "Hello" }]] });
  const tool = await chain.getChild().onToolStart({ name: "look" }, "sky");
  await tool.onToolError(new TypeError("no sky"));
  await tracer.flush();
  expect(lines()).toEqual([]);
  await chain.onChainEnd({ answer: "Hello" });
  await tracer.flush();
  const [line, ...others] = lines();
  expect(others).toEqual([]);
  expect(line).toMatchObject({
    id: chain.runId,
    parentRunId: null,
    traceId: chain.runId,
    name: "agent",
    runType: "chain",
    inputs: { question: "?" },
    outputs: { answer: "Hello" },
    error: null,
    tags: [],
    metadata: {},
    tokens: { count: 0, firstTime: null, lastTime: null },
    children: [
      {
        parentRunId: chain.runId,
        name: "gpt",
        runType: "chat_model",
        inputs: { messages: [[{ role: "user", content: "hi" }]] },
        outputs: { generations: [[{ text: "Hello" }]] },
        tokens: { count: 2 },
        events: [{ event: "on_retry", retryState: { attempt: 1 } }],
      },
      { name: "look", runType: "tool", error: { name: "TypeError", message: "no sky" }, outputs: null },
    ],
  });
  const tokens = line?.children[0]?.tokens;
  expect(tokens?.firstTime).toBeLessThanOrEqual(tokens?.lastTime ?? 0);
  expect(line?.startTime).toBeLessThanOrEqual(line?.endTime ?? 0);
  await tracer.close();
});

test("a line has its dotted order, and inputs that came late", async () => {
  const { tracer, manager, lines } = tracerTo("late.jsonl");
  const chain = await manager.onChainStart({ name: "c" }, null);
  const tool = await chain.getChild().onToolStart({ name: "t" }, "", { extra: { batch: 1 } });
  await tool.onToolError("no", { toolCallId: "t1" });
  await chain.onChainStream("piece");
  await chain.onChainEnd({}, { inputs: { known: true } });
  await tracer.close();
  const [line] = lines();
  expect(line).toMatchObject({
    inputs: { known: true },
    children: [{ outputs: null, error: "no", extra: { batch: 1, toolCallId: "t1" } }],
  });
  expect(line).not.toHaveProperty("extra");
  expect(line).not.toHaveProperty("events");
  expect(line?.dottedOrder).toMatch(new RegExp(`^\\d{8}T\\d{12}Z${chain.runId}$`));
  expect(line?.children[0]?.dottedOrder.startsWith(`${line.dottedOrder}.`)).toBe(true);
});

test("a root that ends before runs below it is written, and then reported", async () => {
  const { tracer, manager, lines } = tracerTo("open.jsonl");
  const failures = await collectFailures(async () => {
    const chain = await manager.onChainStart({ name: "c" }, {});
    await chain.getChild().onToolStart({ name: "t" }, "");
    await chain.onChainEnd({});
  });
  await tracer.close();
  expect(lines()).toMatchObject([{ name: "c", children: [{ name: "t", endTime: null }] }]);
  expect(failures).toMatchObject([{ handler: "JsonLinesTracer", error: { code: "SIDECALL_RUN_LEFT_OPEN" } }]);
});

test("a run elsewhere can be adopted", async () => {
  const { tracer, lines } = tracerTo("adopted.jsonl");
  tracer.adopt({ id: "outside", traceId: "trace", dottedOrder: "20260102T030405000000Zoutside" });
  const manager = new AsyncCallbackManager({ handlers: [tracer], parentRunId: "outside" });
  await (await manager.onToolStart(null, "")).onToolEnd("");
  await tracer.close();
  expect(lines()).toMatchObject([{ traceId: "trace", parentRunId: "outside" }]);
  expect(lines()[0]?.dottedOrder).toMatch(/^20260102T030405000000Zoutside\./);
});

test("later changes by the application do not reach the trace", async () => {
  const { tracer, manager, lines } = tracerTo("snapshot.jsonl");
  const inputs = { list: [1] };
  const chain = await manager.onChainStart({ name: "c" }, inputs);
  inputs.list.push(2);
  await chain.onChainEnd("done");
  await tracer.close();
  expect(lines()).toMatchObject([{ inputs: { list: [1] } }]);
});

test("an unreadable value is written as unreadable and spoils nothing else of its run", async () => {
  const { tracer, manager, lines } = tracerTo("unreadable.jsonl");
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const chain = await manager.onChainStart({ name: "c" }, proxy, { extra: proxy });
  await chain.onChainEnd(proxy);
  await tracer.close();
  const unreadable = { standIn: "unreadable", text: expect.any(String) };
  expect(lines()).toMatchObject([
    { name: "c", inputs: { input: unreadable }, outputs: { output: unreadable }, extra: unreadable },
  ]);
});

test("a run with an unknown parent is a tree of its own", async () => {
  const { tracer, lines } = tracerTo("orphan.jsonl");
  const manager = new AsyncCallbackManager({ handlers: [tracer], parentRunId: "p", traceId: "t" });
  const tool = await manager.onToolStart({ name: "look" }, "sky");
  await tool.onToolEnd("blue");
  await tracer.close();
  expect(lines()).toMatchObject([{ parentRunId: "p", traceId: "t", outputs: { output: "blue" } }]);
});

test("closing writes runs that have not ended", async () => {
  const { tracer, manager, lines } = tracerTo("unfinished.jsonl");
  const chain = await manager.onChainStart({ name: "c" }, {});
  await chain.getChild().onToolStart({ name: "look" }, "sky");
  await tracer.close();
  expect(lines()).toMatchObject([{ name: "c", endTime: null, children: [{ name: "look", endTime: null }] }]);
});

test("values without a JSON form are written in a readable one", () => {
  const cycle: Record<string, unknown> = {
    big: 12n,
    map: new Map([["a", 1]]),
    set: new Set([1]),
    bytes: [new Uint8Array(3), Buffer.from("abcd"), new ArrayBuffer(5)],
  };
  const bytes = ["[3 bytes]", "[4 bytes]", "[5 bytes]"];
  expect(JSON.parse(jsonText(cycle))).toEqual({ big: "12", map: { a: 1 }, set: [1], bytes });
  expect(jsonText(Buffer.from("ab"))).toBe('"[2 bytes]"');
  cycle["self"] = cycle;
  Object.defineProperty(cycle, "broken", {
    enumerable: true,
    get: () => {
      throw new Error("no");
    },
  });
  expect(JSON.parse(jsonText(cycle))).toMatchObject({ big: "12", self: "[cycle]", broken: "[unreadable]" });
  expect(JSON.parse(jsonText({ error: Object.assign(new Error("e"), { code: "X" }) }))).toMatchObject({
    error: { name: "Error", message: "e", code: "X" },
  });
  expect(jsonText(undefined)).toBe("null");
  expect(jsonText(() => undefined)).toBe("null");
  expect(
    jsonText({
      toJSON: () => {
        throw new Error("no");
      },
    }),
  ).toBe("{}");
});

test("an unwritable path is named, and a missing path refused", () => {
  const unwritable = expect.objectContaining({ code: "SIDECALL_FILE_NOT_WRITABLE" });
  expect(() => new JsonLinesTracer({ path: path("missing/trace.jsonl") })).toThrow(unwritable);
  const noPath = expect.objectContaining({ code: "SIDECALL_OPTION_INVALID" });
  expect(() => new JsonLinesTracer({ path: "" })).toThrow(noPath);
  const misspelt = { path: path("x.jsonl"), pth: "" };
  expect(() => new JsonLinesTracer(misspelt)).toThrow(noPath);
});

test("several lanes append whole lines to one file", async () => {
  const file = path("lanes.jsonl");
  const spec = { module: jsonLinesTracerModule, options: { path: file } };
  const tracer = await offThread(spec, { threads: 3, acknowledge: "queued" });
  const manager = new AsyncCallbackManager({ handlers: [tracer] });
  const long = "x".repeat(50_000);
  const runs = Array.from({ length: 60 }, async (_, i) => {
    const [run] = await manager.onLLMStart({ name: `run ${i}` }, [long]);
    for (const token of ["a", "b", "c"]) await run?.onLLMNewToken(token);
    await run?.onLLMEnd({ generations: [[{ text: "abc" }]] });
  });
  await Promise.all(runs);
  await tracer.flush();
  const lines = readJsonLines<TraceLine>(file);
  expect(lines.map(({ name }) => name).sort()).toEqual(runs.map((_, i) => `run ${i}`).sort());
  expect(lines.every(({ tokens }) => tokens.count === 3)).toBe(true);
  const { size } = statSync(file);
  await tracer.close();
  expect(statSync(file).size).toBe(size);
});

test("off-thread, an unwritable path rejects with the file's name", async () => {
  const spec = { module: jsonLinesTracerModule, options: { path: path("missing/trace.jsonl") } };
  await expect(offThread(spec)).rejects.toMatchObject({
    code: "SIDECALL_FACTORY_FAILED",
    message: expect.stringContaining("missing/trace.jsonl"),
  });
});

test("a line holds a tree of any width, and hundreds of runs deep", async () => {
  const { tracer, manager, lines } = tracerTo("deep.jsonl");
  const runs = [await manager.onChainStart({ name: "root" }, {})];
  for (let depth = 1; depth < 500; depth += 1) {
    const child = await runs
      .at(-1)
      ?.getChild()
      .onChainStart({ name: `${depth}` }, {});
    if (child !== undefined) runs.push(child);
  }
  for (const name of ["first", "second"]) {
    const tool = await runs[0]?.getChild().onToolStart({ name }, "");
    await tool?.onToolEnd("");
  }
  for (const run of runs.reverse()) await run.onChainEnd({});
  await tracer.close();
  const names: string[] = [];
  for (let run = lines()[0]; run !== undefined; run = run.children[0]) names.push(run.name);
  expect(names).toEqual(["root", ...Array.from({ length: 499 }, (_, i) => `${i + 1}`)]);
  expect(lines()[0]?.children.map(({ name }) => name)).toEqual(["1", "first", "second"]);
});

test.skipIf(!existsSync("/dev/full"))("closing closes the file even if writes fail", async () => {
  const open = () => readdirSync("/proc/self/fd").length;
  const before = open();
  const tracer = new JsonLinesTracer({ path: "/dev/full" });
  const manager = new AsyncCallbackManager({ handlers: [tracer] });
  for (const name of ["ended", "open"]) {
    const chain = await manager.onChainStart({ name }, {});
    if (name === "ended") await chain.onChainEnd({});
  }
  await expect(tracer.flush()).rejects.toMatchObject({ code: "ENOSPC" });
  await expect(tracer.close()).rejects.toMatchObject({ code: "ENOSPC" });
  expect(open()).toBe(before);
});
