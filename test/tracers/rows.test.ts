import { expect, test } from "vitest";
import { dispatch } from "../../src/dispatch.ts";
import { AsyncCallbackManager, RunCollector, type TracedRun } from "../../src/index.ts";
import { collectFailures, type FixtureName, PLACEMENTS, type Placement } from "../placements.ts";
import { record } from "../support/records.ts";

const ORDERED = PLACEMENTS.filter(({ isOrdered }) => isOrdered);
const INLINE = PLACEMENTS.filter(({ isInline }) => isInline);
const LEAF = /^(.*\.)?(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{6})Z([^.]*)$/;

type Body = (placement: Placement) => Promise<void>;

function row(number: number, title: string, placements: readonly Placement[], body: Body): void {
  for (const placement of placements)
    test(`row ${number}: ${title} [${placement.name}]`, () => body(placement));
}

/** A tracer that is placed, a manager whose runs it hears of, and what it has kept. */
async function traced(placement: Placement, body: (manager: AsyncCallbackManager) => Promise<unknown>) {
  return tracedBy("KeepingTracer", placement, body);
}

async function tracedBy(
  name: FixtureName,
  placement: Placement,
  body: (manager: AsyncCallbackManager) => Promise<unknown>,
) {
  const placed = await placement.place(name);
  try {
    await body(
      new AsyncCallbackManager({ handlers: [placed.handler], inheritableHandlers: [placed.handler] }),
    );
    await placed.flush();
    const roots = (await placed.call<TracedRun[]>("persisted")).flat();
    return { roots, ended: (await placed.call<TracedRun[]>("ended")).flat() };
  } finally {
    await placed.close();
  }
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

row(55, "a model run is persisted once, with prompts, ids and dotted order", ORDERED, async (placement) => {
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

row(56, "a chat run as a tracer of prompts has it", ORDERED, async (placement) => {
  const { roots } = await tracedBy("PromptTracer", placement, async (manager) => {
    const [run] = await manager.onChatModelStart({ id: ["models", "chat"] }, [
      [{ role: "user", content: "" }],
    ]);
    await run?.onLLMEnd(answer);
  });
  expect(roots).toMatchObject([{ runType: "llm", name: "chat", inputs: { prompts: ["Human: "] } }]);
});

row(57, "a model's end without its start is reported", ORDERED, async (placement) => {
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

row(58, "a run id started and ended ten times gives ten equal runs", ORDERED, async (placement) => {
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

row(59, "a chain run has its inputs and outputs as they are", ORDERED, async (placement) => {
  const { roots } = await traced(placement, async (manager) => {
    await (await manager.onChainStart({ name: "c" }, { question: 1 })).onChainEnd({});
    await (await manager.onChainStart(null, "text")).onChainEnd(["list"]);
    await (await manager.onChainStart(null, undefined)).onChainEnd(null, { inputs: "late" });
    await (await manager.onChainStart(null, {})).onChainError("no", { inputs: { late: true } });
  });
  const byStart = roots.sort((a, b) => a.startTime - b.startTime);
  expect(byStart).toMatchObject([
    { name: "c", runType: "chain", inputs: { question: 1 }, outputs: {}, error: null },
    { name: "chain", inputs: { input: "text" }, outputs: { output: ["list"] } },
    { inputs: { input: "late" }, outputs: { output: null } },
    { inputs: { late: true }, outputs: null, error: "no" },
  ]);
});

row(60, "a tool run has input and output", ORDERED, async (placement) => {
  const { roots } = await traced(placement, async (manager) => {
    await (await manager.onToolStart({ name: "look" }, "sky")).onToolEnd("blue");
  });
  expect(roots).toMatchObject([
    { name: "look", runType: "tool", inputs: { input: "sky" }, outputs: { output: "blue" } },
  ]);
});

row(61, "roots alone are persisted, with exact trees and dotted orders", ORDERED, async (placement) => {
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

row(62, "a model's error is kept, and there are no outputs", ORDERED, async (placement) => {
  const { roots } = await traced(placement, async (manager) => {
    const [run] = await manager.onLLMStart(null, ["hi"]);
    await run?.onLLMError(failure());
  });
  expect(roots).toMatchObject([
    { runType: "llm", endTime: expect.any(Number), error: FAILED, outputs: null },
  ]);
});

row(63, "the hook for ended runs gets the run complete with its error", ORDERED, async (placement) => {
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

row(64, "a chain's error is kept", ORDERED, async (placement) => {
  const { roots } = await traced(placement, async (manager) => {
    await (await manager.onChainStart(null, {})).onChainError(failure());
  });
  expect(roots).toMatchObject([{ runType: "chain", error: FAILED, outputs: null }]);
});

row(65, "a tool's error is kept", ORDERED, async (placement) => {
  const { roots } = await traced(placement, async (manager) => {
    await (await manager.onToolStart(null, "sky")).onToolError(failure(), { toolCallId: "t1" });
  });
  expect(roots).toMatchObject([
    { runType: "tool", error: FAILED, outputs: null, extra: { toolCallId: "t1" } },
  ]);
});

row(66, "nested errors are at each level, and siblings stay intact", ORDERED, async (placement) => {
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

row(67, "structured inputs, names, extras and partial responses are kept", ORDERED, async (placement) => {
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
  expect(roots.sort((a, b) => a.startTime - b.startTime)).toMatchObject([
    { name: "my look", inputs: { where: "sky" }, outputs: { output: "blue" }, extra: { toolCallId: "t1" } },
    { error: FAILED, outputs: answer },
    { name: "Retriever", inputs: { query: "q" }, outputs: { documents: ["d1"] }, extra: { k: 3 } },
  ]);
});

row(69, "a run elsewhere that is adopted gives its trace to its children", ORDERED, async (placement) => {
  const outside = { id: "outside", traceId: "trace", dottedOrder: "20260102T030405000000Zoutside" };
  const placed = await placement.place("KeepingTracer");
  await placed.call("adoptRun", outside);
  const { handler } = placed;
  const manager = new AsyncCallbackManager({ handlers: [handler], parentRunId: "outside", traceId: "trace" });
  const chain = await manager.onChainStart({ name: "inside" }, {});
  await chain.onChainEnd({});
  await placed.flush();
  const roots = (await placed.call<TracedRun[]>("persisted")).flat();
  expect(roots).toMatchObject([{ id: chain.runId, parentRunId: "outside", traceId: "trace" }]);
  for (const root of roots) checkDottedOrder(root, `${outside.dottedOrder}.`);
  await placed.close();
});

row(71, "inputs that cannot be serialized are no failure", ORDERED, async (placement) => {
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

row(75, "tool calls are counted, where there are any", ORDERED, async (placement) => {
  const call = { name: "look", args: {}, id: "t" };
  const said = (...calls: unknown[]) => ({ text: "", message: { type: "ai", tool_calls: calls } });
  const { roots } = await traced(placement, async (manager) => {
    const end = async (generations: readonly (readonly { text: string; message?: unknown }[])[]) => {
      const [run] = await manager.onLLMStart(null, ["hi"]);
      await run?.onLLMEnd({ generations });
    };
    await end([[said(call, call)]]);
    await end([[said(call), said(call, call)], [said(call)]]);
    await end([[said()]]);
    await end([[{ text: "", message: { tool_calls: null } }, { text: "" }]]);
    await end([]);
  });
  const extras = roots.sort((a, b) => a.startTime - b.startTime).map(({ extra }) => extra);
  expect(extras).toEqual([{ toolCallCount: 2 }, { toolCallCount: 4 }, {}, {}, {}]);
});

row(76, "a collector has the root with its prompts", INLINE, async () => {
  const collector = new RunCollector();
  const manager = new AsyncCallbackManager({ handlers: [collector] });
  const [run] = await manager.onLLMStart(null, ["hi"]);
  await run?.onLLMEnd(answer);
  expect(collector.tracedRuns).toMatchObject([{ id: run?.runId, inputs: { prompts: ["hi"] } }]);
});
