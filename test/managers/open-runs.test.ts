import { expect, test } from "vitest";
import {
  type AnyEventRecord,
  AsyncCallbackManager,
  type CallbackHandler,
  InMemoryTracer,
  startChainGroup,
  traceAsChainGroup,
  withContext,
} from "../../src/index.ts";
import { OpenRuns } from "../../src/managers/open-runs.ts";
import { collectFailures } from "../placements.ts";
import { gate } from "../support/gate.ts";
import { recorder } from "../support/recorder.ts";
import { isError, wrongEnds } from "../support/runs-of-kinds.ts";
import { isPending, settleTasks } from "../support/tasks.ts";

const reason = new RangeError("the client is gone");
const failed = (records: readonly AnyEventRecord[]) => records.filter(isError).map(({ runId }) => runId);

test("runs fail by depth, whatever the order in which they began", async () => {
  const handler = recorder();
  const group = traceAsChainGroup("g", { callbacks: [handler], runId: "g" }, async (manager) => {
    const a = await manager.onToolStart(null, "a", { runId: "a" });
    const ab = await a.getChild().onRetrieverStart(null, "ab", { runId: "ab" });
    await manager.onLLMStart(null, ["b"], { runId: "b" });
    await ab.getChild().onLLMStart(null, ["abc"], { runId: "abc" });
    throw reason;
  });
  await expect(group).rejects.toBe(reason);
  expect(failed(handler.records)).toEqual(["abc", "ab", "a", "b", "g"]);
});

test("runs below a run that has ended, or that is traced elsewhere, fail with the group", async () => {
  const handler = recorder();
  const group = traceAsChainGroup("g", { callbacks: [handler], runId: "g" }, async (manager) => {
    const over = await manager.onChainStart(null, {}, { runId: "over" });
    await over.getChild().onToolStart(null, "in", { runId: "orphan" });
    await over.onChainEnd({});
    await withContext({ run: { runId: "elsewhere", traceId: "t" } }, () =>
      AsyncCallbackManager.configure().onToolStart(null, "in", { runId: "below elsewhere" }),
    );
    throw reason;
  });
  await expect(group).rejects.toBe(reason);
  expect(failed(handler.records).sort()).toEqual(["below elsewhere", "g", "orphan"]);
});

test("runs beside the group are left alone, and so are those that begin after it has failed", async () => {
  const handler = recorder();
  const manager = new AsyncCallbackManager({ handlers: [handler], inheritableHandlers: [handler] });
  const beside = await manager.onChainStart(null, {}, { runId: "beside" });
  const left: AsyncCallbackManager[] = [];
  await traceAsChainGroup("g", { callbacks: manager, runId: "g" }, (group) => {
    left.push(group);
    throw reason;
  }).catch(() => undefined);
  const late = await left[0]?.onToolStart(null, "late", { runId: "late" });
  await late?.onToolEnd("out");
  await beside.onChainEnd({});
  expect(failed(handler.records)).toEqual(["g"]);
  expect(wrongEnds(handler.records)).toEqual([]);
});

test("a start under way at the abort gets its error, and its run takes no further event", async () => {
  const [begun, held] = [gate(), gate()];
  const handler = recorder();
  const slow: CallbackHandler = {
    onToolStart: () => {
      begun.open();
      return held.opened;
    },
  };
  const controller = new AbortController();
  const options = { callbacks: [handler, slow], signal: controller.signal };
  const late: Promise<void>[] = [];
  const group = traceAsChainGroup("g", options, async (manager) => {
    const tool = await manager.onToolStart(null, "in");
    late.push(tool.onToolEnd("late"));
  });
  await begun.opened;
  controller.abort(reason);
  await expect(group).rejects.toBe(reason);
  held.open();
  await settleTasks();
  await Promise.all(late);
  expect(late).toHaveLength(1);
  expect(wrongEnds(handler.records)).toEqual([]);
  expect(failed(handler.records)).toHaveLength(2);
});

test("code that gets the abort ends its runs itself, with what it has", async () => {
  const handler = recorder();
  const controller = new AbortController();
  const options = { callbacks: [handler], signal: controller.signal };
  const partial = { generations: [[{ text: "Why" }]] };
  const group = traceAsChainGroup("g", options, async (manager) => {
    const [model] = await manager.onLLMStart(null, ["p"]);
    try {
      setImmediate(() => controller.abort(reason));
      await new Promise((_, reject) => {
        manager.signal?.addEventListener("abort", () => reject(manager.signal?.reason));
      });
    } catch (error) {
      await model?.onLLMError(error, { response: partial });
      throw error;
    }
  });
  await expect(group).rejects.toBe(reason);
  const [first, second] = handler.records.filter(isError);
  expect(first).toMatchObject({ event: "on_llm_error", response: partial, aborted: true });
  expect(second).toMatchObject({ event: "on_chain_error", aborted: true });
});

test("a handler that hangs at an error keeps no other handler and no other run from theirs", async () => {
  const handler = recorder();
  const hanging: CallbackHandler = { onLLMError: () => new Promise(() => undefined) };
  const group = traceAsChainGroup("g", { callbacks: [hanging, handler] }, async (manager) => {
    await manager.onLLMStart(null, ["p"]);
    throw reason;
  });
  expect(await isPending(group)).toBe(true);
  expect(wrongEnds(handler.records)).toEqual([]);
});

test("no run overtakes one below it, behind a runInline handler that takes its time with some", async () => {
  const slow: CallbackHandler = {
    runInline: true,
    onLLMError: () => settleTasks(3),
    onToolError: () => settleTasks(1),
  };
  const tracer = new InMemoryTracer();
  const controller = new AbortController();
  const options = { callbacks: [slow, tracer], signal: controller.signal };
  const deaf = new Promise<void>(() => undefined);
  const failures = await collectFailures(async () => {
    const group = traceAsChainGroup("outer", options, (outer) =>
      traceAsChainGroup("inner", { callbacks: outer }, async (inner) => {
        const tool = await inner.onToolStart(null, "in");
        await tool.getChild().onLLMStart(null, ["p"]);
        await outer.onLLMStart(null, ["beside"]);
        controller.abort(reason);
        await deaf;
      }),
    );
    await expect(group).rejects.toBe(reason);
  });
  expect(failures).toEqual([]);
  expect(tracer.openRuns).toEqual([]);
  expect(tracer.find("tool")).toMatchObject({ aborted: true, children: [{ aborted: true }] });
});

test("a guard that raises at the error of a refused start is reported; the start's error is the one that is thrown", async () => {
  const guard: CallbackHandler = {
    raiseError: true,
    onToolStart: () => Promise.reject(reason),
    onToolError: () => Promise.reject(new TypeError("again")),
  };
  const handler = recorder();
  const failures = await collectFailures(async () => {
    const manager = new AsyncCallbackManager({ handlers: [guard, handler] });
    await expect(manager.onToolStart(null, "in")).rejects.toBe(reason);
  });
  expect(failures.map(({ event }) => event)).toEqual(["on_tool_start", "on_tool_error"]);
  expect(wrongEnds(handler.records)).toEqual([]);
});

test("a group without a body ends when its signal aborts, or is aborted when it is disposed of", async () => {
  for (const isDisposed of [true, false]) {
    const handler = recorder();
    const controller = new AbortController();
    const group = await startChainGroup("g", { callbacks: [handler], signal: controller.signal });
    await group.onLLMStart(null, ["p"]);
    controller.abort(reason);
    if (isDisposed) await group[Symbol.asyncDispose]();
    else await settleTasks();
    await group.onChainEnd("late");
    expect(handler.records.filter(isError)).toMatchObject([
      { event: "on_llm_error", error: reason, aborted: true },
      { event: "on_chain_error", error: reason, aborted: true },
    ]);
    expect(wrongEnds(handler.records)).toEqual([]);
  }
});

test("onChainError of a group without a body ends the runs below first; onChainEnd leaves them", async () => {
  const handler = recorder();
  const group = await startChainGroup("g", { callbacks: [handler] });
  await group.onLLMStart(null, ["p"]);
  await group.onChainError(reason);
  expect(handler.records.filter(isError).map(({ event }) => event)).toEqual([
    "on_llm_error",
    "on_chain_error",
  ]);
  const other = recorder();
  const left = await startChainGroup("g", { callbacks: [other] });
  await left.onLLMStart(null, ["p"]);
  await left.onChainEnd({});
  expect(other.records.filter(isError)).toEqual([]);
});

test("an error is marked as aborted only if the run's own signal caused it", async () => {
  const handler = recorder();
  const controller = new AbortController();
  const manager = new AsyncCallbackManager({ handlers: [handler], signal: controller.signal });
  const runs = await Promise.all(Array.from({ length: 7 }, () => manager.onToolStart(null, "in")));
  const abortError = Object.assign(new Error("Request was aborted."), { name: "APIUserAbortError" });
  await runs[0]?.onToolError(abortError);
  controller.abort("stop");
  await runs[1]?.onToolError("stop");
  await runs[2]?.onToolError(abortError);
  await runs[3]?.onToolError(new Error("wrapped", { cause: "stop" }));
  await runs[4]?.onToolError(new Error("something else"));
  const deep = new Error("wrapped twice", { cause: new Error("wrapped", { cause: "stop" }) });
  await runs[5]?.onToolError(deep);
  const circle = new Error("circle");
  await runs[6]?.onToolError(Object.assign(circle, { cause: circle }));
  const marks = handler.records.filter(isError).map((each) => "aborted" in each && each.aborted);
  expect(marks).toEqual([false, true, true, true, false, true, false]);
});

test("runs that have ended are not kept", async () => {
  const add = OpenRuns.prototype.add;
  const seen = new Set<OpenRuns>();
  OpenRuns.prototype.add = function (run) {
    seen.add(this);
    add.call(this, run);
  };
  try {
    await traceAsChainGroup("g", { callbacks: [recorder()] }, async (group) => {
      for (let i = 0; i < 10; i += 1) {
        await traceAsChainGroup("inner", { callbacks: group }, async (inner) => {
          const [model] = await inner.onLLMStart(null, ["p"]);
          await model?.onLLMEnd({ generations: [] });
        });
      }
    });
  } finally {
    OpenRuns.prototype.add = add;
  }
  expect([seen.size, [...seen].map(({ size }) => size)]).toEqual([11, Array(11).fill(0)]);
});
