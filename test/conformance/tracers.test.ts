import { expect } from "vitest";
import { dispatch } from "../../src/core/dispatch.ts";
import {
  AsyncCallbackManager,
  InMemoryTracer,
  type LLMResult,
  type TracedRun,
  withContext,
} from "../../src/index.ts";
import { collectFailures, type FixtureName, type Placement } from "../placements.ts";
import { record } from "../support/records.ts";
import { INLINE, ORDERED, taken, withPlaced } from "./placed.ts";
import { row } from "./row.ts";

const LEAF = /^(.*\.)?(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{6})Z([^.]*)$/;

type Body = (manager: AsyncCallbackManager) => Promise<unknown>;

/** A tracer's view of the runs of `body`: roots in the order of their starts, and the runs that its end hook got. */
async function tracedBy(name: FixtureName, placement: Placement, body: Body) {
  const kept: { roots: TracedRun[]; ended: TracedRun[] } = { roots: [], ended: [] };
  await withPlaced(placement, [name], async (placed) => {
    const handlers = [placed.handler];
    await body(new AsyncCallbackManager({ handlers, inheritableHandlers: handlers }));
    kept.roots = (await taken<TracedRun>(placed, "persisted")).sort((a, b) => a.startTime - b.startTime);
    kept.ended = await taken<TracedRun>(placed, "ended");
  });
  return kept;
}

function traced(placement: Placement, body: Body) {
  return tracedBy("KeepingTracer", placement, body);
}

const answer = { generations: [[{ text: "hello" }]] };
const all = (run: TracedRun): TracedRun[] => [run, ...run.children.flatMap(all)];

function checkDottedOrder(run: TracedRun, above = ""): void {
  const [, prefix = "", year, month, day, hour, minute, second, micros, id] =
    LEAF.exec(run.dottedOrder) ?? [];
  expect(prefix).toBe(above);
  expect(id).toBe(run.id);
  const millis = Number(micros) / 1000;
  const start = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`) + millis;
  expect(start).toBeCloseTo(run.startTime, 2);
  for (const child of run.children) checkDottedOrder(child, `${run.dottedOrder}.`);
}

row(55, ORDERED, async (placement) => {
  const { roots } = await traced(placement, async (manager) => {
    const [run] = await manager.onLLMStart({ name: "gpt" }, ["hi"]);
    await run?.onLLMNewToken("hello");
    await run?.onLLMEnd(answer);
  });
  const [run, ...others] = roots;
  if (run === undefined) throw new Error("nothing was persisted");
  expect(others).toEqual([]);
  expect(run).toEqual({
    id: expect.any(String),
    parentRunId: null,
    traceId: run.id,
    dottedOrder: expect.any(String),
    name: "gpt",
    runType: "llm",
    startTime: expect.any(Number),
    endTime: expect.any(Number),
    inputs: { prompts: ["hi"] },
    outputs: answer,
    error: null,
    extra: {},
    tags: [],
    metadata: {},
    tokens: { count: 1, firstTime: expect.any(Number), lastTime: expect.any(Number) },
    events: [],
    serialized: { name: "gpt" },
    children: [],
  });
  checkDottedOrder(run);
});

row(56, ORDERED, async (placement) => {
  const { roots } = await tracedBy("PromptTracer", placement, async (manager) => {
    const [run] = await manager.onChatModelStart({ id: ["models", "chat"] }, [
      [{ role: "user", content: "" }],
    ]);
    await run?.onLLMEnd(answer);
  });
  expect(roots).toMatchObject([{ runType: "llm", name: "chat", inputs: { prompts: ["Human: "] } }]);
});

row(57, ORDERED, async (placement) => {
  const failures = await collectFailures(async () => {
    const { roots } = await traced(placement, ({ handlers }) =>
      dispatch(handlers, record("on_llm_end", "r1", { response: answer })),
    );
    expect(roots).toEqual([]);
  });
  expect(failures).toMatchObject([
    { handler: "KeepingTracer", event: "on_llm_end", runId: "r1", error: { code: "SIDECALL_RUN_UNKNOWN" } },
  ]);
  expect(failures[0]?.error).toMatchObject({ message: expect.stringContaining("run r1") });
});

row(58, ORDERED, async (placement) => {
  const failures = await collectFailures(async () => {
    const { roots } = await traced(placement, async (manager) => {
      for (let i = 0; i < 10; i += 1) {
        const [run] = await manager.onLLMStart(null, ["hi"], { runId: "again" });
        await run?.onLLMEnd(answer);
      }
    });
    expect(roots).toHaveLength(10);
    const timeless = roots.map(({ startTime, endTime, dottedOrder, ...rest }) => rest);
    expect(timeless).toEqual(timeless.map(() => ({ ...timeless[0], id: "again", outputs: answer })));
  });
  expect(failures).toEqual([]);
});

row(59, ORDERED, async (placement) => {
  const { roots } = await traced(placement, async (manager) => {
    await (await manager.onChainStart({ name: "c" }, { question: 1 })).onChainEnd({});
    await (await manager.onChainStart(null, "text")).onChainEnd(["list"]);
    await (await manager.onChainStart(null, undefined)).onChainEnd(null, { inputs: "late" });
    await (await manager.onChainStart(null, {})).onChainError("no", { inputs: { late: true } });
  });
  expect(roots).toMatchObject([
    { name: "c", runType: "chain", inputs: { question: 1 }, outputs: {}, error: null },
    { name: "chain", inputs: { input: "text" }, outputs: { output: ["list"] } },
    { inputs: { input: "late" }, outputs: { output: null } },
    { inputs: { late: true }, outputs: null, error: "no" },
  ]);
});

row(60, ORDERED, async (placement) => {
  const { roots } = await traced(placement, async (manager) => {
    await (await manager.onToolStart({ name: "look" }, "sky")).onToolEnd("blue");
  });
  expect(roots).toMatchObject([
    { name: "look", runType: "tool", inputs: { input: "sky" }, outputs: { output: "blue" } },
  ]);
});

row(61, ORDERED, async (placement) => {
  const { roots } = await traced(placement, async (manager) => {
    for (let i = 0; i < 10; i += 1) {
      const chain = await manager.onChainStart({ name: "agent" }, {});
      const tool = await chain.getChild().onToolStart({ name: "look" }, "sky");
      const [inner] = await tool.getChild().onLLMStart({ name: "inner" }, ["hi"]);
      await inner?.onLLMEnd(answer);
      await tool.onToolEnd("blue");
      const [second] = await chain.getChild().onLLMStart({ name: "second" }, ["hi"]);
      await second?.onLLMEnd(answer);
      await chain.onChainEnd({});
    }
  });
  expect(roots).toHaveLength(10);
  for (const root of roots) {
    expect(root).toMatchObject({
      name: "agent",
      parentRunId: null,
      children: [
        { name: "look", parentRunId: root.id, children: [{ name: "inner", children: [] }] },
        { name: "second", parentRunId: root.id, children: [] },
      ],
    });
    expect(all(root).map(({ traceId }) => traceId)).toEqual(Array(4).fill(root.id));
    checkDottedOrder(root);
  }
});

const FAILED = {
  name: "TypeError",
  message: "no",
  stack: expect.stringContaining("TypeError: no"),
  code: "E_NO",
};
const failure = () => Object.assign(new TypeError("no"), { code: "E_NO" });

row(62, ORDERED, async (placement) => {
  const { roots } = await traced(placement, async (manager) => {
    const [run] = await manager.onLLMStart(null, ["hi"]);
    await run?.onLLMError(failure());
  });
  expect(roots).toMatchObject([
    { runType: "llm", endTime: expect.any(Number), error: FAILED, outputs: null },
  ]);
});

row(63, ORDERED, async (placement) => {
  const { ended } = await traced(placement, async (manager) => {
    const chain = await manager.onChainStart(null, {});
    const [run] = await chain.getChild().onLLMStart(null, ["hi"]);
    await run?.onLLMError(failure());
    await chain.onChainEnd({});
  });
  expect(ended).toMatchObject([
    { runType: "llm", inputs: { prompts: ["hi"] }, error: FAILED, endTime: expect.any(Number) },
    { runType: "chain", error: null },
  ]);
});

row(64, ORDERED, async (placement) => {
  const { roots } = await traced(placement, async (manager) => {
    await (await manager.onChainStart(null, {})).onChainError(failure());
  });
  expect(roots).toMatchObject([{ runType: "chain", error: FAILED, outputs: null }]);
});

row(65, ORDERED, async (placement) => {
  const { roots } = await traced(placement, async (manager) => {
    await (await manager.onToolStart(null, "sky")).onToolError(failure(), { toolCallId: "t1" });
  });
  expect(roots).toMatchObject([
    { runType: "tool", error: FAILED, outputs: null, extra: { toolCallId: "t1" } },
  ]);
});

row(66, ORDERED, async (placement) => {
  const { roots } = await traced(placement, async (manager) => {
    for (let i = 0; i < 3; i += 1) {
      const chain = await manager.onChainStart(null, {});
      const [good] = await chain.getChild().onLLMStart({ name: "good" }, ["hi"]);
      await good?.onLLMEnd(answer);
      const tool = await chain.getChild().onToolStart({ name: "look" }, "sky");
      const [bad] = await tool.getChild().onLLMStart({ name: "bad" }, ["hi"]);
      await bad?.onLLMError(failure());
      await tool.onToolError(failure());
      await chain.onChainError(failure());
    }
  });
  const look = { name: "look", error: FAILED, children: [{ name: "bad", error: FAILED }] };
  const good = { name: "good", error: null, outputs: answer };
  expect(roots).toMatchObject(Array(3).fill({ error: FAILED, children: [good, look] }));
});

row(67, ORDERED, async (placement) => {
  const { roots } = await traced(placement, async (manager) => {
    const tool = await manager.onToolStart({ name: "look" }, "sky", {
      name: "my look",
      inputs: { where: "sky" },
      toolCallId: "t1",
    });
    await tool.onToolEnd("blue");
    const [model] = await manager.onLLMStart(null, ["hi"]);
    await model?.onLLMError(failure(), { response: answer });
    const retriever = await manager.onRetrieverStart(null, "q", { extra: { k: 3 } });
    await retriever.onRetrieverEnd(["d1"]);
  });
  expect(roots).toMatchObject([
    { name: "my look", inputs: { where: "sky" }, outputs: { output: "blue" }, extra: { toolCallId: "t1" } },
    { error: FAILED, outputs: answer },
    { name: "Retriever", inputs: { query: "q" }, outputs: { documents: ["d1"] }, extra: { k: 3 } },
  ]);
});

row(69, ORDERED, async (placement) => {
  const outside = { id: "outside", traceId: "trace", dottedOrder: "20260102T030405000000Zoutside" };
  await withPlaced(placement, ["KeepingTracer"], async (placed) => {
    await placed.call("adoptRun", outside);
    const handlers = [placed.handler];
    const manager = new AsyncCallbackManager({ handlers, parentRunId: "outside", traceId: "trace" });
    const chain = await manager.onChainStart({ name: "inside" }, {});
    await chain.onChainEnd({});
    const roots = await taken<TracedRun>(placed, "persisted");
    expect(roots).toMatchObject([{ id: chain.runId, parentRunId: "outside", traceId: "trace" }]);
    for (const root of roots) checkDottedOrder(root, `${outside.dottedOrder}.`);
  });
});

row(71, ORDERED, async (placement) => {
  const failures = await collectFailures(async () => {
    const lock = { held: true, release: () => undefined };
    const inputs = { lock, text: "kept" };
    Object.defineProperty(inputs, "broken", {
      enumerable: true,
      get: () => {
        throw new Error("no");
      },
    });
    const { roots } = await traced(placement, async (manager) => {
      const chain = await manager.onChainStart(null, inputs);
      await chain.onChainEnd(lock);
    });
    expect(roots).toMatchObject([
      { inputs: { lock: { held: true }, text: "kept" }, outputs: { held: true } },
    ]);
  });
  expect(failures).toEqual([]);
});

/** The traced roots of model runs with these answers. */
async function answered(placement: Placement, answers: readonly LLMResult[]): Promise<TracedRun[]> {
  const { roots } = await traced(placement, async (manager) => {
    manager.addMetadata({ tenant: 7 });
    for (const each of answers) {
      const [run] = await manager.onLLMStart(null, ["hi"]);
      await run?.onLLMEnd(each);
    }
  });
  return roots;
}

const used = (input: number) => ({
  usage_metadata: { input_tokens: input, output_tokens: 1, total_tokens: input + 1 },
});
const saying = (message: unknown) => ({ text: "", message });

row(73, ORDERED, async (placement) => {
  const roots = await answered(placement, [
    { generations: [[saying(used(10))]] },
    { generations: [[saying({ type: "ai" })]] },
    { generations: [[{ text: "no message" }]] },
    { generations: [[]] },
    { generations: [] },
    { generations: [[saying(used(10)), { text: "" }, saying(used(20))]] },
    { generations: [[saying(used(10))], [], [saying(used(20)), saying(used(30))]] },
  ]);
  const sums = roots.map(({ metadata }) => Object(metadata["usageMetadata"])["input_tokens"]);
  expect(sums).toEqual([10, undefined, undefined, undefined, undefined, 30, 60]);
});

row(74, ORDERED, async (placement) => {
  const without: LLMResult = { generations: [[saying({ type: "ai" })]] };
  const roots = await answered(placement, [{ generations: [[saying(used(10))]] }, without]);
  expect(roots.map(({ metadata }) => metadata)).toEqual([
    { tenant: 7, usageMetadata: { input_tokens: 10, output_tokens: 1, total_tokens: 11 } },
    { tenant: 7 },
  ]);
});

row(75, ORDERED, async (placement) => {
  const call = { name: "look", args: {}, id: "t" };
  const calling = (...calls: unknown[]) => saying({ type: "ai", tool_calls: calls });
  const roots = await answered(placement, [
    { generations: [[calling(call, call)]] },
    { generations: [[calling(call), calling(call, call)], [calling(call)]] },
    { generations: [[calling()]] },
    { generations: [[saying({ tool_calls: null }), { text: "" }]] },
    { generations: [] },
  ]);
  expect(roots.map(({ extra }) => extra)).toEqual([{ toolCallCount: 2 }, { toolCallCount: 4 }, {}, {}, {}]);
});

row(76, INLINE, async () => {
  const collector = new InMemoryTracer();
  const run = await withContext({ handlers: [collector] }, async () => {
    const [run] = await AsyncCallbackManager.configure().onLLMStart(null, ["hi"]);
    await run?.onLLMEnd(answer);
    return run;
  });
  expect(collector.runs).toMatchObject([{ id: run?.runId, inputs: { prompts: ["hi"] } }]);
});
