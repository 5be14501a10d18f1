import { expect, test } from "vitest";
import { AsyncCallbackManager, dispatchCustomEvent, withContext } from "../../src/index.ts";
import { recorder } from "../support/recorder.ts";

async function started() {
  const handler = recorder();
  const manager = new AsyncCallbackManager({ tags: ["t"], metadata: { m: 1 } });
  manager.addHandler(handler);
  const chain = await manager.onChainStart(null, {});
  handler.records.length = 0;
  return { handler, chain };
}

test("an event belongs to the ambient run at any depth of calls, with the run's tags and metadata", async () => {
  const { handler, chain } = await started();
  const deep = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    await dispatchCustomEvent("note", { n: 1 });
  };
  await withContext({ run: chain }, deep);
  expect(handler.records).toMatchObject([
    {
      event: "on_custom_event",
      runId: chain.runId,
      eventName: "note",
      data: { n: 1 },
      tags: ["t"],
      metadata: { m: 1 },
    },
  ]);
});

test("the ambient run may be a model run", async () => {
  const handler = recorder();
  const [llm] = await new AsyncCallbackManager({ handlers: [handler] }).onLLMStart(null, ["p"]);
  if (llm === undefined) throw new Error("no run");
  await withContext({ run: llm }, () => dispatchCustomEvent("note", 1));
  expect(handler.records.at(-1)).toMatchObject({ event: "on_custom_event", runId: llm.runId });
});

test("a run, or the manager of its children, can be passed instead", async () => {
  const { handler, chain } = await started();
  await dispatchCustomEvent("one", 1, { callbacks: chain });
  await dispatchCustomEvent("two", 2, { callbacks: chain.getChild() });
  expect(handler.records).toMatchObject([
    { runId: chain.runId, eventName: "one", tags: ["t"] },
    { runId: chain.runId, eventName: "two", tags: ["t"] },
  ]);
});

test("within a run traced elsewhere, the event belongs to the next run outside", async () => {
  const { handler, chain } = await started();
  await withContext({ run: chain }, () =>
    withContext({ run: { runId: "span", traceId: "trace" } }, () => dispatchCustomEvent("e", 1)),
  );
  expect(handler.records).toMatchObject([{ runId: chain.runId }]);
});

test.each([
  ["outside of any run", {}],
  ["with a manager of no run", { callbacks: new AsyncCallbackManager() }],
  ["with a manager of a run traced elsewhere", { callbacks: new AsyncCallbackManager({ parentRunId: "p" }) }],
])("dispatchCustomEvent rejects with a code %s", async (_, config) => {
  await expect(dispatchCustomEvent("e", 1, config)).rejects.toMatchObject({ code: "SIDECALL_NO_RUN" });
});
