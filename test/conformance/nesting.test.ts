import { setTimeout as delay } from "node:timers/promises";
import { expect } from "vitest";
import {
  type AnyEventRecord,
  AsyncCallbackManager,
  InMemoryTracer,
  type TracedRun,
  withContext,
} from "../../src/index.ts";
import { PLACEMENTS } from "../placements.ts";
import { recorder } from "../support/recorder.ts";
import { taken, withPlaced } from "./placed.ts";
import { defect, NO_PLACEMENT, row } from "./row.ts";

const RESULT = { generations: [] };

async function inheritance() {
  const [local, inherited] = [recorder(), recorder()];
  const manager = new AsyncCallbackManager({
    handlers: [local, inherited],
    inheritableHandlers: [inherited],
  });
  const chain = await manager.onChainStart(null, {});
  return { inherited, child: chain.getChild() };
}

row(15, NO_PLACEMENT, async () => {
  const { inherited, child } = await inheritance();
  expect(child).toBeInstanceOf(AsyncCallbackManager);
  expect([child.handlers, child.inheritableHandlers]).toEqual([[inherited], [inherited]]);
});

row(16, NO_PLACEMENT, async () => {
  const { inherited, child } = await inheritance();
  const tool = await child.onToolStart(null, "in");
  const { handlers, inheritableHandlers } = tool.getChild();
  expect([tool.handlers, handlers, inheritableHandlers]).toEqual([[inherited], [inherited], [inherited]]);
});

row(82, PLACEMENTS, async (placement) => {
  await withPlaced(placement, ["Recorder"], async (placed) => {
    const manager = new AsyncCallbackManager({ handlers: [placed.handler] });
    const call = (text: string) =>
      manager.onChatModelStart(null, [[{ role: "user", content: text }]], { extra: { batchSize: 1 } });
    await Promise.all([call("a"), call("b")]);
    await manager.onLLMStart(null, ["c", "d", "e"], { extra: { batchSize: 3 } });
    const starts = await taken<AnyEventRecord>(placed);
    const sizes = starts.map((start) => ("extra" in start ? [start.event, start.extra] : []));
    expect(sizes.sort()).toEqual([
      ...Array(2).fill(["on_chat_model_start", { batchSize: 1 }]),
      ...Array(3).fill(["on_llm_start", { batchSize: 3 }]),
    ]);
    expect(new Set(starts.map(({ runId }) => runId)).size).toBe(5);
  });
});

row(83, PLACEMENTS, async (placement) => {
  await withPlaced(placement, ["Recorder"], async (placed) => {
    const manager = new AsyncCallbackManager({ handlers: [placed.handler] });
    const [llm] = await manager.onLLMStart(null, ["p"], { runId: "llm" });
    const chats = await manager.onChatModelStart(null, [[], []], { runIds: ["chat 1", "chat 2"] });
    const chain = await manager.onChainStart(null, {}, { runId: "chain" });
    const tool = await manager.onToolStart(null, "in", { runId: "tool" });
    const retriever = await manager.onRetrieverStart(null, "q", { runId: "retriever" });
    await Promise.all([llm, ...chats].map((run) => run?.onLLMEnd(RESULT)));
    await Promise.all([chain.onChainEnd({}), tool.onToolEnd("out"), retriever.onRetrieverEnd([])]);
    const runIds = (await taken<AnyEventRecord>(placed)).map(({ runId }) => runId);
    const given = ["chain", "chat 1", "chat 2", "llm", "retriever", "tool"];
    expect(runIds.sort()).toEqual(given.flatMap((id) => [id, id]));
  });
});

row(81, PLACEMENTS, async (placement) => {
  await withPlaced(placement, ["Recorder"], async (placed) => {
    await withContext({ tags: ["around"], metadata: { around: 1 } }, async () => {
      const manager = AsyncCallbackManager.configure({ inheritable: [placed.handler] });
      const root = await manager.onChainStart(null, {});
      await withContext({ run: root }, async () => {
        const tool = await AsyncCallbackManager.configure({ localTags: ["mine"] }).onToolStart(null, "in");
        await tool.getChild("step").onLLMStart(null, ["p"]);
      });
    });
    const starts = await taken<AnyEventRecord>(placed);
    expect(starts).toHaveLength(3);
    for (const start of starts) {
      expect(start.tags).toContain("around");
      expect(start).toMatchObject({ metadata: { around: 1 } });
    }
  });
});

/** Runs `body` in a chain whose parent is the ambient run, then ends the chain. */
async function step<T>(name: string, body: () => Promise<T>): Promise<T> {
  const run = await AsyncCallbackManager.configure().onChainStart({ name }, {}, { name });
  const result = await withContext({ run }, body);
  await run.onChainEnd({});
  return result;
}

/** Two steps, then two branches of two steps each: in sequence, or concurrently. */
async function sequence(together: boolean): Promise<void> {
  const branch = (name: string) => step(name, () => step(`${name}.1`, () => delay(0)));
  await step("first", () => Promise.resolve());
  await step("branches", async () => {
    if (together) await Promise.all([branch("left"), branch("right")]);
    else for (const name of ["left", "right"]) await branch(name);
  });
}

const PARENTS = {
  ...{ root: undefined, first: "root", branches: "root" },
  ...{ left: "branches", right: "branches", "left.1": "left", "right.1": "right" },
};

function parentsByName(records: readonly AnyEventRecord[]) {
  const starts = records.flatMap((record) => (record.event === "on_chain_start" ? [record] : []));
  const names = new Map(starts.map(({ runId, name }) => [runId, name]));
  return starts.map(({ name, traceId, parentRunId }) => ({
    name: String(name),
    trace: names.get(traceId),
    parent: names.get(parentRunId ?? ""),
  }));
}

function checkDottedOrders({ dottedOrder, children }: TracedRun): void {
  for (const child of children) {
    expect(child.dottedOrder.slice(0, dottedOrder.length + 1)).toBe(`${dottedOrder}.`);
    expect(child.dottedOrder.endsWith(child.id)).toBe(true);
    checkDottedOrders(child);
  }
}

row(80, PLACEMENTS, async (placement) => {
  for (const together of [false, true]) {
    await withPlaced(placement, ["Recorder"], async (placed) => {
      const tracer = new InMemoryTracer();
      const manager = AsyncCallbackManager.configure({ inheritable: [placed.handler, tracer] });
      const run = await manager.onChainStart(null, {}, { name: "root" });
      await withContext({ run }, () => sequence(together));
      await run.onChainEnd({});
      expect(tracer.runs).toMatchObject([
        { name: "root", children: [{ name: "first" }, { name: "branches" }] },
      ]);
      for (const root of tracer.runs) checkDottedOrders(root);
      const starts = parentsByName(await taken<AnyEventRecord>(placed));
      expect(Object.fromEntries(starts.map(({ name, parent }) => [name, parent]))).toEqual(PARENTS);
      expect(new Set(starts.map(({ trace }) => trace))).toEqual(new Set(["root"]));
    });
  }
});

defect("c30", PLACEMENTS, async (placement) => {
  await withPlaced(placement, ["Recorder"], async (placed) => {
    const root = await AsyncCallbackManager.configure({ inheritable: [placed.handler] }).onChainStart(
      null,
      {},
    );
    await withContext({ run: root }, async () => {
      const [first] = await AsyncCallbackManager.configure().onLLMStart(null, ["p"]);
      await first?.onLLMError(new Error("overloaded"));
      const [second] = await AsyncCallbackManager.configure().onLLMStart(null, ["p"]);
      await second?.onLLMEnd(RESULT);
    });
    const models = (await taken<AnyEventRecord>(placed)).filter(({ event }) => event.startsWith("on_llm"));
    expect(models).toHaveLength(4);
    expect(new Set(models.map(({ parentRunId }) => parentRunId))).toEqual(new Set([root.runId]));
  });
});

defect("3.2.4", PLACEMENTS, async (placement) => {
  await withPlaced(placement, ["Recorder"], async (placed) => {
    const manager = new AsyncCallbackManager({ handlers: [recorder()] });
    const run = await manager.onChainStart(null, {});
    manager.addHandler(placed.handler);
    await run.onText("text");
    await run.getChild().onToolStart(null, "in");
    expect(await taken(placed)).toEqual([]);
    await (await manager.onChainStart(null, {})).onText("text");
    expect(await taken(placed)).toHaveLength(2);
  });
});
