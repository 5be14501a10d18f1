import { expect, test } from "vitest";
import { AsyncCallbackManager, type CallbackHandler } from "../../src/index.ts";
import { collectGarbage } from "../support/garbage.ts";
import { gate } from "../support/gate.ts";
import { recorder } from "../support/recorder.ts";

const reason = new RangeError("the client is gone");

async function everyKind(manager: AsyncCallbackManager) {
  const chain = await manager.onChainStart(null, {});
  const child = chain.getChild();
  const tool = await child.onToolStart(null, "in");
  const retriever = await child.onRetrieverStart(null, "q");
  const [llm] = await child.onLLMStart(null, ["p"]);
  if (llm === undefined) throw new Error("no run");
  return { chain, tool, retriever, llm };
}

test("after an abort only ends and errors are delivered", async () => {
  const handler = recorder();
  const controller = new AbortController();
  const manager = new AsyncCallbackManager({ signal: controller.signal });
  manager.addHandler(handler);
  const [ended, failed] = [await everyKind(manager), await everyKind(manager)];
  handler.records.length = 0;
  controller.abort(reason);
  const refused = [
    ended.llm.onLLMNewToken("t"),
    ended.llm.onStreamEvent({}),
    ended.chain.onText("text"),
    ended.chain.onChainStream("chunk"),
    ended.chain.onAgentAction({}),
    ended.tool.onToolEvent({}),
    ended.retriever.onRetry({ attempt: 1 }),
    ended.retriever.onCustomEvent("e", 1),
    ended.chain.getChild().onChainStart(null, {}),
    ended.tool.getChild().onLLMStart(null, ["p"]),
    ended.retriever.getChild().onChatModelStart(null, [[]]),
    manager.onToolStart(null, "in"),
    manager.onRetrieverStart(null, "q"),
  ];
  const outcomes = await Promise.allSettled(refused);
  expect(outcomes).toEqual(refused.map(() => ({ status: "rejected", reason })));
  await ended.llm.onLLMEnd({ generations: [] });
  await ended.retriever.onRetrieverEnd([]);
  await ended.tool.onToolEnd("out");
  await ended.chain.onChainEnd({});
  await failed.llm.onLLMError(reason);
  await failed.retriever.onRetrieverError(reason);
  await failed.tool.onToolError(reason);
  await failed.chain.onChainError(reason);
  expect(handler.records.map(({ event }) => event)).toEqual([
    ...["on_llm_end", "on_retriever_end", "on_tool_end", "on_chain_end"],
    ...["on_llm_error", "on_retriever_error", "on_tool_error", "on_chain_error"],
  ]);
});

test("an abort ends the wait for an event under way; its handler goes on", async () => {
  const { open, opened } = gate();
  const done = gate();
  const handler: CallbackHandler = {
    onText: async () => {
      await opened;
      done.open();
    },
  };
  const controller = new AbortController();
  const manager = new AsyncCallbackManager({ handlers: [handler], signal: controller.signal });
  const chain = await manager.onChainStart(null, {});
  const text = chain.onText("x");
  controller.abort(reason);
  await expect(text).rejects.toBe(reason);
  open();
  await done.opened;
});

test.each(["onToolEnd", "onToolError"] as const)("an abort does not cut %s short", async (method) => {
  const { open, opened } = gate();
  const seen: string[] = [];
  const settle = async () => {
    await opened;
    seen.push("handled");
  };
  const controller = new AbortController();
  const handler: CallbackHandler = { onToolEnd: settle, onToolError: settle };
  const manager = new AsyncCallbackManager({ handlers: [handler], signal: controller.signal });
  const tool = await manager.onToolStart(null, "in");
  const end = tool[method]("x").then(() => seen.push("resolved"));
  controller.abort(reason);
  await new Promise((resolve) => setImmediate(resolve));
  expect(seen).toEqual([]);
  open();
  await end;
  expect(seen).toEqual(["handled", "resolved"]);
});

test("a run's own signal cancels the run and those below it, and no other", async () => {
  const controller = new AbortController();
  const manager = new AsyncCallbackManager({ handlers: [recorder()] });
  const mine = await manager.onChainStart(null, {}, { signal: controller.signal });
  const other = await manager.onChainStart(null, {});
  const below = await mine.getChild().onToolStart(null, "in");
  controller.abort(reason);
  expect([mine.signal?.aborted, below.signal?.aborted, other.signal]).toEqual([true, true, undefined]);
  await expect(below.onToolEvent(1)).rejects.toBe(reason);
  await other.onText("goes on");
});

test("the manager's signal and the run's both cancel the run", async () => {
  const [one, two] = [new AbortController(), new AbortController()];
  const manager = new AsyncCallbackManager({ signal: one.signal });
  const runs = await manager.onLLMStart(null, ["a", "b"], { signal: two.signal });
  two.abort(reason);
  await expect(runs[1]?.onLLMNewToken("t")).rejects.toBe(reason);
  await expect(manager.onLLMStart(null, ["c"])).resolves.toHaveLength(1);
});

test("an abort causes no unhandled rejection of promises that are not awaited", async () => {
  const controller = new AbortController();
  const { open, opened } = gate();
  const handler: CallbackHandler = { onLLMNewToken: () => opened };
  const manager = new AsyncCallbackManager({ handlers: [handler], signal: controller.signal });
  const [run] = await manager.onLLMStart(null, ["p"]);
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  process.on("unhandledRejection", note);
  void run?.onLLMNewToken("under way");
  controller.abort(reason);
  void run?.onLLMNewToken("late");
  open();
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});

test("thousands of concurrent events leave no abort listener and cause no warning", async () => {
  const controller = new AbortController();
  const warnings: Error[] = [];
  const note = (warning: Error) => warnings.push(warning);
  process.on("warning", note);
  const handler: CallbackHandler = { onText: () => new Promise((resolve) => setImmediate(resolve)) };
  const manager = new AsyncCallbackManager({ handlers: [handler], signal: controller.signal });
  const chain = await manager.onChainStart(null, {});
  await Promise.all(Array.from({ length: 2000 }, () => chain.onText("x")));
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", note);
  expect(warnings).toEqual([]);
});

test("a signal that is no AbortSignal is refused", async () => {
  const signal = new AbortController() as unknown as AbortSignal;
  const invalid = { code: "SIDECALL_OPTION_INVALID", message: expect.stringContaining("`signal`") };
  expect(() => new AsyncCallbackManager({ signal })).toThrow(expect.objectContaining(invalid));
  await expect(new AsyncCallbackManager().onChainStart(null, {}, { signal })).rejects.toMatchObject(invalid);
});

test("a run with two signals leaves no listener on either", async () => {
  const [manager, start] = [new AbortController(), new AbortController()];
  const handler: CallbackHandler = { onText: async () => undefined };
  const callbacks = new AsyncCallbackManager({ handlers: [handler], signal: manager.signal });
  const signals: WeakRef<AbortSignal>[] = [];
  for (let i = 0; i < 10; i += 1) {
    const chain = await callbacks.onChainStart(null, {}, { signal: start.signal });
    await chain.onText("handled");
    await chain.onChainEnd({});
    if (chain.signal !== undefined) signals.push(new WeakRef(chain.signal));
  }
  await collectGarbage();
  expect(signals).toHaveLength(10);
  // Runs under the same two signals share one; the stack may still hold the last run's.
  const alive = new Set(signals.map((signal) => signal.deref()).filter((signal) => signal !== undefined));
  expect(alive.size).toBeLessThan(2);
});
