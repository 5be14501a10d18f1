import { expect, test } from "vitest";
import {
  AsyncCallbackManager,
  AsyncCallbackManagerForChainGroup,
  currentRun,
  startChainGroup,
  traceAsChainGroup,
} from "../../src/index.ts";
import { collectFailures } from "../placements.ts";
import { recorder } from "../support/recorder.ts";

const ends = (handler: ReturnType<typeof recorder>) =>
  handler.records.filter(({ event }) => event === "on_chain_end" || event === "on_chain_error");

test("a group is one chain run, and the runs that its body starts hang under it", async () => {
  const handler = recorder();
  const options = { callbacks: [handler], inputs: { q: 1 }, runId: "g", tags: ["t"], metadata: { m: 1 } };
  const result = await traceAsChainGroup("group", options, async (group) => {
    const [llm] = await group.onLLMStart(null, ["p"]);
    const tool = await AsyncCallbackManager.configure().onToolStart(null, "in");
    expect([llm?.parentRunId, tool.parentRunId, currentRun()?.runId]).toEqual(["g", "g", "g"]);
    return 42;
  });
  expect(result).toBe(42);
  expect(handler.records).toMatchObject([
    { event: "on_chain_start", runId: "g", inputs: { q: 1 }, serialized: { name: "group" }, name: "group" },
    { event: "on_llm_start", tags: ["t"], metadata: { m: 1 } },
    { event: "on_tool_start", tags: ["t"], metadata: { m: 1 } },
    { event: "on_chain_end", runId: "g", outputs: {} },
  ]);
});

test.each([
  ["throws", () => Promise.reject(new RangeError("no")), "on_chain_error", { message: "no" }],
  ["throws at once", () => void JSON.parse("{"), "on_chain_error", { name: "SyntaxError" }],
  ["throws a string", () => Promise.reject("just text"), "on_chain_error", "just text"],
])("a body that %s causes one error event, with the error of the body", async (_, body, event, error) => {
  const handler = recorder();
  const rejection = traceAsChainGroup("group", { callbacks: [handler] }, body).then(undefined, (e) => e);
  expect(await rejection).toEqual(typeof error === "string" ? error : expect.objectContaining(error));
  expect(ends(handler)).toMatchObject([{ event, error: await rejection }]);
});

test.each([
  ["end", (g: AsyncCallbackManagerForChainGroup) => g.onChainEnd({ a: 1 }), "on_chain_end"],
  ["error", (g: AsyncCallbackManagerForChainGroup) => g.onChainError(new Error("e")), "on_chain_error"],
  ["end of a copy", (g: AsyncCallbackManagerForChainGroup) => g.copy().onChainEnd({ a: 1 }), "on_chain_end"],
] as const)("the body's own %s is the only end of the group", async (_, finish, event) => {
  const handler = recorder();
  const failures = await collectFailures(async () => {
    await traceAsChainGroup("group", { callbacks: [handler] }, async (group) => {
      await finish(group);
      await finish(group);
      expect([group.hasEnded, group.copy().hasEnded]).toEqual([true, true]);
    });
  });
  expect(ends(handler)).toMatchObject([{ event }]);
  expect(failures).toEqual([]);
});

test("an abort ends the group at once, even if the body ignores the signal", async () => {
  const handler = recorder();
  const controller = new AbortController();
  let goOn: () => void = () => undefined;
  const deaf = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let late: unknown;
  const options = { callbacks: [handler], signal: controller.signal };
  const group = traceAsChainGroup("group", options, async (manager) => {
    await deaf;
    late = await manager.onToolStart(null, "late").catch((error: unknown) => error);
  });
  controller.abort(new RangeError("gone"));
  await expect(group).rejects.toThrow("gone");
  goOn();
  await new Promise((resolve) => setImmediate(resolve));
  expect(late).toBe(controller.signal.reason);
  expect(handler.records).toMatchObject([
    { event: "on_chain_start" },
    { event: "on_chain_error", error: controller.signal.reason },
  ]);
});

test("a handler that raises at the error event does not hide the body's error", async () => {
  const handler = {
    raiseError: true,
    onChainError: () => {
      throw new TypeError("handler");
    },
  };
  const failures = await collectFailures(async () => {
    const group = traceAsChainGroup("g", { callbacks: [handler] }, () => Promise.reject(new Error("body")));
    await expect(group).rejects.toThrow("body");
  });
  expect(failures).toMatchObject([{ event: "on_chain_error", error: expect.any(TypeError) }]);
});

test("a handler that raises at the end event rejects the group, which ends once", async () => {
  const other = recorder();
  const handler = {
    raiseError: true,
    onChainEnd: () => {
      throw new TypeError("handler");
    },
  };
  await collectFailures(async () => {
    const group = traceAsChainGroup("g", { callbacks: [handler, other] }, () => 1);
    await expect(group).rejects.toThrow("handler");
  });
  expect(ends(other)).toHaveLength(1);
});

test("startChainGroup: disposing ends the group, once", async () => {
  const handler = recorder();
  const group = await startChainGroup("group", { callbacks: [handler] });
  const [llm] = await group.onLLMStart(null, ["p"]);
  expect(llm?.parentRunId).toBe(group.run.runId);
  await group[Symbol.asyncDispose]();
  await group[Symbol.asyncDispose]();
  expect(ends(handler)).toMatchObject([{ event: "on_chain_end", outputs: {} }]);
});

test("merge of a group keeps own and inheritable lists separate, the metadata, and the single end", async () => {
  const [own, inherited, local] = [recorder(), recorder(), recorder()];
  const group = await startChainGroup("g", { callbacks: [own], metadata: { group: 1 } });
  const other = new AsyncCallbackManager({
    handlers: [inherited, local],
    inheritableHandlers: [inherited],
    inheritableMetadata: { other: 1 },
  });
  const merged = group.merge(other);
  expect(merged).toBeInstanceOf(AsyncCallbackManagerForChainGroup);
  expect(merged.handlers).toEqual([own, inherited, local]);
  expect(merged.inheritableHandlers).toEqual([own, inherited]);
  expect(merged.inheritableMetadata).toEqual({ group: 1, other: 1 });
  expect(merged.parentRunId).toBe(group.run.runId);
  await merged.onChainEnd({});
  await group.onChainEnd({});
  expect(ends(own)).toHaveLength(1);
});

test("a misspelt option is refused", async () => {
  const options = { inheritable: [] } as object;
  await expect(startChainGroup("g", options)).rejects.toMatchObject({ code: "SIDECALL_OPTION_INVALID" });
});

test("ending the group's own run ends the group", async () => {
  const handler = recorder();
  const failures = await collectFailures(async () => {
    await traceAsChainGroup("group", { callbacks: [handler] }, async (group) => {
      await group.run.onChainEnd({ a: 1 });
      expect(group.hasEnded).toBe(true);
    });
  });
  expect(ends(handler)).toMatchObject([{ event: "on_chain_end", outputs: { a: 1 } }]);
  expect(failures).toEqual([]);
});

test("a group without a body starts no run", async () => {
  const handler = recorder();
  const group = traceAsChainGroup("group", { callbacks: [handler] }, undefined as unknown as () => void);
  await expect(group).rejects.toMatchObject({ code: "SIDECALL_OPTION_INVALID" });
  expect(handler.records).toEqual([]);
});
