import { describe, expect, test } from "vitest";
import {
  AsyncCallbackManager,
  BaseTracer,
  InMemoryTracer,
  inMemoryTracerModule,
  offThread,
  RootListenersTracer,
  SidecallError,
  type TracedRun,
} from "../../src/index.ts";
import { collectFailures } from "../placements.ts";
import { record } from "../support/records.ts";

function managerFor(handler: BaseTracer): AsyncCallbackManager {
  return new AsyncCallbackManager({ handlers: [handler], inheritableHandlers: [handler] });
}

describe("BaseTracer", () => {
  test("awaits its hooks, and persists a root after the hook for its end", async () => {
    const log: string[] = [];
    const later = async (text: string) => {
      await Promise.resolve();
      log.push(text);
    };
    class Logging extends BaseTracer {
      protected override persistRun = (run: TracedRun) => later(`persist ${run.name}`);
      protected override onRunStart = (run: TracedRun, isRoot: boolean) => later(`${run.name} ${isRoot}`);
      protected override onRunEnd = (run: TracedRun) => later(`end ${run.name} ${run.outputs?.["output"]}`);
    }
    const chain = await managerFor(new Logging()).onChainStart({ name: "c" }, {});
    const tool = await chain.getChild().onToolStart({ name: "t" }, "");
    await tool.onToolEnd(1);
    await chain.onChainEnd(2);
    expect(log).toEqual(["c true", "t false", "end t 1", "end c 2", "persist c"]);
  });

  test("runs every step of an end, then throws all errors of the steps", async () => {
    const persisted: TracedRun[] = [];
    class Failing extends BaseTracer {
      protected override persistRun = (run: TracedRun) => {
        persisted.push(run);
        throw new Error("disk full");
      };
      protected override onRunEnd = () => Promise.reject(new Error("bad hook"));
    }
    const failures = await collectFailures(async () => {
      const chain = await managerFor(new Failing()).onChainStart({ name: "c" }, {});
      await chain.getChild().onToolStart({ name: "t" }, "");
      await chain.onChainEnd({});
    });
    expect(persisted).toMatchObject([{ name: "c", outputs: {} }]);
    expect(failures).toMatchObject([{ handler: "Failing", event: "on_chain_end", runId: persisted[0]?.id }]);
    const [failure] = failures;
    if (!(failure?.error instanceof AggregateError)) throw new Error("expected several errors");
    expect(failure.error.message).toMatch(/bad hook.*disk full.*Expected chain run/);
    expect(failure.error.errors.at(-1)).toMatchObject({ code: "SIDECALL_RUN_LEFT_OPEN" });
  });

  test("persists every open tree when it closes, even if one fails", async () => {
    const persisted: TracedRun[] = [];
    class Picky extends BaseTracer {
      protected override persistRun = async (run: TracedRun) => {
        if (run.name === "bad") throw new SidecallError("SIDECALL_CLOSED", "no");
        persisted.push(run);
      };
    }
    const tracer = new Picky();
    for (const name of ["bad", "good"]) await managerFor(tracer).onChainStart({ name }, {});
    await expect(tracer.close()).rejects.toMatchObject({ code: "SIDECALL_CLOSED" });
    expect(persisted).toMatchObject([{ name: "good", endTime: null }]);
    await tracer.close();
    expect(persisted).toHaveLength(1);
  });

  test("keeps of values what keepValue returns", async () => {
    const values: unknown[] = [];
    class Shy extends InMemoryTracer {
      protected override keepValue(value: unknown): unknown {
        values.push(value);
        return { redacted: true };
      }
    }
    const tracer = new Shy();
    const inputs = { secret: 1 };
    const chain = await managerFor(tracer).onChainStart(null, inputs);
    await chain.onText("secret");
    await chain.onChainEnd({ secret: 2 });
    const redacted = { redacted: true };
    expect(tracer.runs).toMatchObject([{ inputs: redacted, outputs: redacted, metadata: redacted }]);
    expect(JSON.stringify(tracer.runs)).not.toContain("secret");
    expect(values).toContain(inputs);
  });

  test("keeps events other than tokens, with their times", async () => {
    const tracer = new InMemoryTracer();
    const chain = await managerFor(tracer).onChainStart(null, {});
    await chain.onText("said");
    await chain.onRetry({ attempt: 2, slept: 3 });
    await chain.onCustomEvent("mine", { a: 1 });
    await chain.onAgentAction({ tool: "look" });
    await chain.onAgentFinish("done");
    await chain.onChainStream("piece");
    await chain.onChainEnd({});
    const time = expect.any(Number);
    expect(tracer.runs[0]?.events).toEqual([
      { event: "on_text", time, text: "said" },
      { event: "on_retry", time, retryState: { attempt: 2, slept: 3 } },
      { event: "on_custom_event", time, eventName: "mine", data: { a: 1 } },
      { event: "on_agent_action", time, action: { tool: "look" } },
      { event: "on_agent_finish", time, finish: "done" },
    ]);
  });
});

const hostile = Object.defineProperty(new Error("m"), "message", {
  get: () => {
    throw new Error("hostile");
  },
});

test.each([
  ["a text", "text", "text"],
  ["nothing", undefined, "undefined"],
  ["null", null, "null"],
  ["an object", { status: 5 }, '{"status":5}'],
  ["an Error", new TypeError("m"), { name: "TypeError", message: "m", stack: expect.any(String) }],
  ["an Error that cannot be read", () => hostile, { message: expect.stringContaining("unreadable") }],
])("a trace shows %s that was thrown", async (_, error, shown) => {
  const tracer = new InMemoryTracer();
  const chain = await managerFor(tracer).onChainStart(null, {});
  await chain.onChainError(typeof error === "function" ? error() : error);
  expect(tracer.runs).toMatchObject([{ error: shown, outputs: null }]);
});

test("a malformed answer is kept as it is", () => {
  const tracer = new InMemoryTracer();
  for (const response of [undefined, { generations: 7 }, { generations: [null, [null, { message: 1 }]] }]) {
    tracer.onEvent(record("on_llm_start", "r", { prompts: [] }));
    tracer.onEvent(record("on_llm_end", "r", { response } as object));
  }
  expect(tracer.runs).toHaveLength(3);
  expect(tracer.runs.map(({ outputs }) => outputs)).toEqual([
    null,
    { generations: 7 },
    { generations: [null, [null, { message: 1 }]] },
  ]);
});

describe("InMemoryTracer", () => {
  test("keeps finished roots until they are taken or cleared, and shows open ones", async () => {
    const tracer = new InMemoryTracer();
    const manager = managerFor(tracer);
    const chain = await manager.onChainStart({ name: "outer" }, {});
    const child = await chain.getChild().onToolStart({ name: "inner" }, "");
    expect(tracer.runs).toEqual([]);
    expect(tracer.openRuns).toMatchObject([{ name: "outer", children: [{ name: "inner", endTime: null }] }]);
    expect(tracer.find("inner")).toMatchObject({ id: child.runId });
    await child.onToolEnd(1);
    await chain.onChainEnd({});
    expect(tracer.openRuns).toEqual([]);
    expect(tracer.runs).toMatchObject([{ id: chain.runId }]);
    expect(tracer.find("inner")).toMatchObject({ outputs: { output: 1 } });
    expect(tracer.find("nobody")).toBeUndefined();
    expect(tracer.takeRuns()).toHaveLength(1);
    expect(tracer.runs).toEqual([]);
    await (await manager.onChainStart(null, {})).onChainEnd({});
    tracer.clear();
    expect(tracer.runs).toEqual([]);
  });

  test("keeps copies that later changes by the application do not reach", async () => {
    const tracer = new InMemoryTracer();
    const inputs = { list: [1] };
    const outputs = { map: new Map([["a", 1]]), run: () => undefined };
    const metadata = { tenant: { id: 1 } };
    const chain = await new AsyncCallbackManager({ handlers: [tracer], metadata }).onChainStart(null, inputs);
    await chain.onChainEnd(outputs);
    inputs.list.push(2);
    outputs.map.set("a", 2);
    metadata.tenant.id = 2;
    const [run] = tracer.runs;
    expect(run).toMatchObject({ inputs: { list: [1] }, outputs: { map: new Map([["a", 1]]) } });
    expect(run?.metadata).toEqual({ tenant: { id: 1 } });
    expect(structuredClone(run)).toEqual(run);
  });

  test("answers remote calls off-thread", async () => {
    const handler = await offThread<InMemoryTracer>({ module: inMemoryTracerModule });
    const chain = await new AsyncCallbackManager({ handlers: [handler] }).onChainStart({ name: "far" }, {});
    await chain.onChainEnd({ answer: 1 });
    await handler.flush();
    expect((await handler.remote.find("far")).flat()).toMatchObject([{ id: chain.runId }]);
    const expected = [{ name: "far", traceId: chain.runId, outputs: { answer: 1 } }];
    expect((await handler.remote.takeRuns()).flat()).toMatchObject(expected);
    expect((await handler.remote.takeRuns()).flat()).toEqual([]);
    await handler.close();
  });
});

describe("RootListenersTracer", () => {
  test("calls its listeners with root runs alone", async () => {
    const calls: [string, TracedRun][] = [];
    const note = (what: string) => (run: TracedRun) => void calls.push([what, structuredClone(run)]);
    const tracer = new RootListenersTracer({
      onStart: note("start"),
      onEnd: note("end"),
      onError: note("error"),
    });
    const chain = await managerFor(tracer).onChainStart({ name: "good" }, {});
    await (await chain.getChild().onToolStart(null, "")).onToolError(new Error("inner"));
    await chain.onChainEnd({});
    await (await managerFor(tracer).onToolStart({ name: "bad" }, "")).onToolError(new Error("no"));
    expect(calls).toMatchObject([
      ["start", { name: "good", endTime: null, children: [] }],
      ["end", { name: "good", children: [{ error: { message: "inner" } }] }],
      ["start", { name: "bad" }],
      ["error", { name: "bad", error: { message: "no" } }],
    ]);
    await managerFor(tracer).onChainStart(null, {});
    await tracer.close();
    expect(calls).toHaveLength(5);
  });

  test("treats a run whose parent lacks the handler as a root, and needs no listener", async () => {
    const started: string[] = [];
    const tracer = new RootListenersTracer({ onStart: ({ name }) => started.push(name) });
    const chain = await new AsyncCallbackManager().onChainStart({ name: "outer" }, {});
    const manager = chain.getChild();
    manager.addHandler(tracer);
    const tool = await manager.onToolStart({ name: "heard" }, "");
    await tool.onToolEnd(1);
    expect(started).toEqual(["heard"]);
  });

  test.each([{ onStop: () => undefined }, { onEnd: 7 }])("refuses %o", (listeners) => {
    const make = () => Reflect.construct(RootListenersTracer, [listeners]);
    expect(make).toThrow(expect.objectContaining({ code: "SIDECALL_OPTION_INVALID" }));
  });
});

describe("values that throw when read", () => {
  const unreadable: never = new Proxy(
    {},
    {
      get() {
        throw new Error("unreadable");
      },
      ownKeys() {
        throw new Error("unreadable");
      },
      getPrototypeOf() {
        throw new Error("unreadable");
      },
    },
  ) as never;

  test("leave the rest of their tree whole", async () => {
    const tracer = new InMemoryTracer();
    const failures = await collectFailures(async () => {
      const chain = await managerFor(tracer).onChainStart(unreadable, unreadable);
      const [model] = await chain.getChild().onLLMStart(unreadable, ["p"], { extra: unreadable });
      await model?.onLLMEnd({ generations: [[{ text: "t", message: unreadable }]] });
      const [other] = await chain.getChild().onLLMStart({ id: 5 as never }, ["p"]);
      await other?.onLLMEnd(unreadable);
      await chain.onChainEnd(unreadable);
    });
    // A response that cannot be read is one without generations: delivered, and reported as misuse.
    expect(failures).toMatchObject([{ event: "on_llm_end", error: { code: "SIDECALL_OPTION_INVALID" } }]);
    expect(tracer.runs).toMatchObject([
      { name: "chain", children: [{ name: "llm", inputs: { prompts: ["p"] } }, { name: "llm" }] },
    ]);
  });
});

test("a root whose end cannot be recorded is over all the same, and the failure is reported", async () => {
  const persisted: TracedRun[] = [];
  class Refusing extends BaseTracer {
    protected override keepValue(value: unknown): unknown {
      if (JSON.stringify(value).includes("secret")) throw new Error("not to be kept");
      return value;
    }
    protected override persistRun = (run: TracedRun) => void persisted.push(run);
    get open() {
      return this.openRoots.length;
    }
  }
  const tracer = new Refusing();
  const failures = await collectFailures(async () => {
    const chain = await managerFor(tracer).onChainStart({ name: "c" }, {});
    const tool = await chain.getChild().onToolStart({ name: "t" }, "");
    await tool.onToolEnd("secret");
    await chain.onChainEnd({ secret: 1 });
  });
  expect(failures).toMatchObject([
    { event: "on_tool_end", error: { message: "not to be kept" } },
    { event: "on_chain_end", error: { message: "not to be kept" } },
  ]);
  expect([persisted.map(({ name }) => name), tracer.open]).toEqual([["c"], 0]);
  expect(persisted[0]?.children).toMatchObject([{ name: "t", outputs: null, endTime: expect.any(Number) }]);
});
