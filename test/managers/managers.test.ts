import { expect, test } from "vitest";
import { AsyncCallbackManager, BaseCallbackManager, type CallbackHandler } from "../../src/index.ts";
import { collectFailures } from "../placements.ts";
import { recorder } from "../support/recorder.ts";

test("children get the inheritable handlers, tags and metadata, and hang under their parent in its trace", async () => {
  const [own, inherited] = [recorder(), recorder()];
  const manager = new AsyncCallbackManager();
  manager.addHandler(own, false);
  manager.addHandler(inherited);
  manager.addTags(["own"], false);
  manager.addTags(["down"]);
  manager.addMetadata({ own: 1 }, false);
  manager.addMetadata({ down: 2 });
  const root = await manager.onChainStart({ name: "root" }, {}, { name: "the root" });
  const tool = await root.getChild("step").onToolStart({ name: "tool" }, "in");
  const [llm] = await tool.getChild().onLLMStart(null, ["p"]);
  expect(own.records.map(({ event }) => event)).toEqual(["on_chain_start"]);
  expect(inherited.records).toMatchObject([
    {
      runId: root.runId,
      parentRunId: undefined,
      tags: ["own", "down"],
      metadata: { own: 1, down: 2 },
      name: "the root",
    },
    { runId: tool.runId, parentRunId: root.runId, tags: ["down", "step"], metadata: { down: 2 } },
    { runId: llm?.runId, parentRunId: tool.runId, tags: ["down"], metadata: { down: 2 } },
  ]);
  expect(new Set(inherited.records.map(({ traceId }) => traceId))).toEqual(new Set([root.runId]));
});

test("each prompt gets a run of its own, in prompt order; `runId` names the first", async () => {
  const handler = recorder();
  const manager = new AsyncCallbackManager({ handlers: [handler] });
  const runs = await manager.onLLMStart(null, ["a", "b", "c"], { runId: "given" });
  expect(runs.map(({ runId }) => runId)).toEqual(handler.records.map(({ runId }) => runId));
  expect(runs[0]?.runId).toBe("given");
  expect(new Set(runs.map(({ runId }) => runId)).size).toBe(3);
  expect(handler.records.map((record) => "prompts" in record && record.prompts)).toEqual([
    ["a"],
    ["b"],
    ["c"],
  ]);
});

test("prompts are dispatched in parallel", async () => {
  let waiting = 0;
  let open: () => void = () => undefined;
  const all = new Promise<void>((resolve) => {
    open = resolve;
  });
  const handler: CallbackHandler = {
    onLLMStart: () => {
      waiting += 1;
      if (waiting === 3) open();
      return all;
    },
  };
  const runs = await new AsyncCallbackManager({ handlers: [handler] }).onLLMStart(null, ["a", "b", "c"]);
  expect(runs).toHaveLength(3);
});

test("runInline handlers run first, one at a time, prompt after prompt; then all others", async () => {
  const seen: string[] = [];
  const handler = (name: string, runInline: boolean): CallbackHandler => ({
    runInline,
    onLLMStart: async ({ prompts }) => {
      seen.push(`${name}${prompts} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(`${name}${prompts} ends`);
    },
  });
  const manager = new AsyncCallbackManager({
    handlers: [handler("x", false), handler("i", true), handler("j", true)],
  });
  await manager.onLLMStart(null, ["1", "2"]);
  expect(seen).toEqual([
    ...["i1 begins", "i1 ends", "j1 begins", "j1 ends", "i2 begins", "i2 ends", "j2 begins", "j2 ends"],
    ...["x1 begins", "x2 begins", "x1 ends", "x2 ends"],
  ]);
});

test("with raiseError a dispatch rejects with the first error, after every handler has settled", async () => {
  const settled: string[] = [];
  const slow: CallbackHandler = {
    onChainStart: async () => {
      await new Promise((resolve) => setImmediate(resolve));
      settled.push("slow");
    },
  };
  const failing: CallbackHandler = {
    raiseError: true,
    name: "failing",
    onChainStart: () => {
      throw new Error("stop");
    },
  };
  for (const runInline of [false, true]) {
    const manager = new AsyncCallbackManager({ handlers: [{ ...failing, runInline }, slow] });
    await collectFailures(() => expect(manager.onChainStart(null, {})).rejects.toThrow("stop"));
  }
  expect(settled).toEqual(["slow", "slow"]);
});

test("adding twice adds once, removing a stranger is no error, setting replaces both lists, a copy is independent", () => {
  const [a, b] = [recorder(), recorder()];
  const manager = new BaseCallbackManager();
  manager.addHandler(a);
  manager.addHandler(a);
  manager.addHandler(b, false);
  expect([manager.handlers, manager.inheritableHandlers]).toEqual([[a, b], [a]]);
  const copy = manager.copy();
  copy.removeHandler(b);
  copy.removeHandler(b);
  expect([manager.handlers.length, copy.handlers.length]).toEqual([2, 1]);
  manager.setHandlers([b], false);
  expect([manager.handlers, manager.inheritableHandlers]).toEqual([[b], []]);
  manager.addTags(["t"]);
  manager.addTags(["t", "u"], false);
  expect([manager.tags, manager.inheritableTags]).toEqual([["t", "u"], ["t"]]);
  manager.removeTags(["t"]);
  expect([manager.tags, manager.inheritableTags]).toEqual([["u"], []]);
  manager.addMetadata({ k: 1 });
  manager.removeMetadata(["k"]);
  expect([manager.metadata, manager.inheritableMetadata]).toEqual([{}, {}]);
});

test("merge keeps own and inheritable lists separate and in order", () => {
  const [a, b, c] = [recorder(), recorder(), recorder()];
  const first = new AsyncCallbackManager({
    handlers: [a, b],
    inheritableHandlers: [a],
    tags: ["x"],
    metadata: { k: 1 },
  });
  const other = new AsyncCallbackManager({
    handlers: [b, c],
    inheritableHandlers: [c],
    tags: ["y"],
    metadata: { k: 2 },
    parentRunId: "p",
  });
  const merged = first.merge(other);
  expect(merged).toBeInstanceOf(AsyncCallbackManager);
  expect(merged).toMatchObject({ tags: ["x", "y"], metadata: { k: 2 }, parentRunId: "p", traceId: "p" });
  expect(merged.handlers).toEqual([a, b, c]);
  expect(merged.inheritableHandlers).toEqual([a, c]);
});

test("configure takes inheritable callbacks first, then local ones; a manager brings tags, metadata and parent", () => {
  const [a, b, c] = [recorder(), recorder(), recorder()];
  const parent = new AsyncCallbackManager({
    handlers: [a, b],
    inheritableHandlers: [a],
    tags: ["p"],
    parentRunId: "p",
  });
  const manager = AsyncCallbackManager.configure({
    inheritable: parent,
    local: [c, a],
    inheritableTags: ["i"],
    localTags: ["l"],
    localMetadata: { m: 1 },
  });
  expect(manager.handlers).toEqual([a, b, c]);
  expect(manager.inheritableHandlers).toEqual([a]);
  expect(manager).toMatchObject({
    tags: ["p", "i", "l"],
    inheritableTags: ["i"],
    metadata: { m: 1 },
    parentRunId: "p",
  });
  expect(parent.handlers).toEqual([a, b]);
});

test("later changes of the manager do not change a run's tags and metadata", async () => {
  const handler = recorder();
  const manager = new AsyncCallbackManager({ handlers: [handler], tags: ["t"] });
  const run = await manager.onChainStart(null, {});
  manager.addTags(["later"]);
  await run.onText("x");
  expect(handler.records.map(({ tags }) => tags)).toEqual([["t"], ["t"]]);
  expect(() => (run.tags as string[]).push("no")).toThrow(TypeError);
});

test("a handler whose flags throw when they are read is reported, and keeps no other from the event", async () => {
  const other = recorder();
  const hostile = new Proxy({} as CallbackHandler, {
    get: (_, key) => {
      throw new Error(`no ${String(key)}`);
    },
  });
  const failures = await collectFailures(async () => {
    await new AsyncCallbackManager({ handlers: [hostile, other] }).onChainStart(null, {});
  });
  expect(failures).toMatchObject([{ event: "on_chain_start", error: expect.any(Error) }]);
  expect(other.records).toHaveLength(1);
});

test("further keys in an event's options do not replace the record's identity", async () => {
  const handler = recorder();
  const manager = new AsyncCallbackManager({ handlers: [handler] });
  const more = { inputs: "late", toolCallId: "call", runId: "other", event: "on_text" };
  const chain = await manager.onChainStart(null, {});
  await chain.onChainEnd("out", more);
  const tool = await manager.onToolStart(null, "in");
  await tool.onToolError("bad", more);
  expect(handler.records).toMatchObject([
    { event: "on_chain_start", runId: chain.runId },
    { event: "on_chain_end", runId: chain.runId, inputs: "late" },
    { event: "on_tool_start", runId: tool.runId },
    { event: "on_tool_error", runId: tool.runId, toolCallId: "call" },
  ]);
});

class Silent {
  onText() {}
}
test.each([
  [[new Silent()], "options"],
  [{ handler: [] }, "handler"],
  [{ handlers: new Silent() }, "handlers"],
  [{ handlers: [Silent] }, "handlers[0]"],
  [{ handlers: [new Silent(), undefined] }, "handlers[1]"],
  [{ inheritableHandlers: [Promise.resolve(new Silent())] }, "inheritableHandlers[0]"],
  [{ metadata: "abc" }, "metadata"],
  [{ inheritableMetadata: [1] }, "inheritableMetadata"],
  [{ handlers: null }, "handlers"],
  [{ parent: { runId: "r" } }, "parent"],
])("options that would silently do nothing are refused by name: %o", (options, name) => {
  const error = { code: "SIDECALL_OPTION_INVALID", message: expect.stringContaining(`\`${name}\``) };
  expect(() => new AsyncCallbackManager(options as object)).toThrow(expect.objectContaining(error));
  const manager = new AsyncCallbackManager();
  expect(() => manager.addHandler(Silent as CallbackHandler)).toThrow(/handlers/);
});

test.each<[string, (manager: AsyncCallbackManager) => Promise<unknown>]>([
  ["prompts", (manager) => manager.onLLMStart(null, "prompt" as never)],
  ["conversations", (manager) => manager.onChatModelStart(null, undefined as never)],
  ["runIds", (manager) => manager.onLLMStart(null, ["a", "b"], { runIds: "ab" as never })],
  ["runIds", (manager) => manager.onLLMStart(null, ["a"], { runIds: [1] as never })],
  ["runId", (manager) => manager.onRetrieverStart(null, "q", { runId: 1 as never })],
  ["name", (manager) => manager.onChainStart(null, {}, { name: Symbol("n") as never })],
  ["options", (manager) => manager.onToolStart(null, "in", null as never)],
])("a start with an invalid `%s` rejects and dispatches nothing", async (name, start) => {
  const handler = recorder();
  const error = { code: "SIDECALL_OPTION_INVALID", message: expect.stringContaining(`\`${name}\``) };
  await expect(start(new AsyncCallbackManager({ handlers: [handler] }))).rejects.toMatchObject(error);
  expect(handler.records).toEqual([]);
});

test("a subclass with further properties can be copied", () => {
  class Named extends AsyncCallbackManager {
    label = "mine";
  }
  const handler = recorder();
  expect(new Named({ handlers: [handler] }).copy()).toMatchObject({ label: "mine", handlers: [handler] });
});

test("a copy is of the subclass, with its further properties, and configure takes it", async () => {
  class Tenant extends AsyncCallbackManager {
    readonly tenant = "t1";
  }
  const handler = recorder();
  const copy = new Tenant({ handlers: [handler], tags: ["x"] }).copy();
  expect(copy).toBeInstanceOf(Tenant);
  expect(copy).toMatchObject({ handlers: [handler], tags: ["x"], tenant: "t1" });
  expect(AsyncCallbackManager.configure({ inheritable: copy }).handlers).toEqual([handler]);
});
