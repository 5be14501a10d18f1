import { expect } from "vitest";
import { AsyncCallbackManager, EVENTS } from "../../src/index.ts";
import { type FixtureName, PLACEMENTS, type Placed, type Placement } from "../placements.ts";
import { type Call, taken, withPlaced } from "./placed.ts";
import { row } from "./row.ts";

const RESULT = { generations: [] };

async function liveModel(manager: AsyncCallbackManager): Promise<void> {
  const [model] = await manager.onLLMStart(null, ["prompt"]);
  await model?.onLLMEnd(RESULT);
  await model?.onLLMError(new Error("model"));
  await model?.onLLMNewToken("foo");
  await model?.onText("foo");
}

async function liveChain(manager: AsyncCallbackManager): Promise<void> {
  const chain = await manager.onChainStart({ name: "foo" }, {});
  await chain.onChainEnd({});
  await chain.onChainError(new Error("chain"));
  await chain.onAgentAction({ tool: "foo", toolInput: "", log: "" });
  await chain.onAgentFinish({ returnValues: {}, log: "" });
  await chain.onText("foo");
}

async function liveTool(manager: AsyncCallbackManager): Promise<void> {
  const tool = await manager.onToolStart({ name: "foo" }, "");
  await tool.onToolEnd("");
  await tool.onToolError(new Error("tool"));
  await tool.onText("foo");
}

async function liveRetriever(manager: AsyncCallbackManager): Promise<void> {
  const retriever = await manager.onRetrieverStart(null, "");
  await retriever.onRetrieverEnd([]);
  await retriever.onRetrieverError(new Error("retriever"));
}

/** Counts of events by phase; an agent's action and finish count as start and end. */
async function countsOf(placed: Placed) {
  const counts = { starts: 0, ends: 0, errors: 0, texts: 0, tokens: 0 };
  for (const [method, { event }] of await taken<Call>(placed)) {
    expect(method).toBe(EVENTS[event].method);
    const { phase } = EVENTS[event];
    if (phase === "start" || event === "on_agent_action") counts.starts += 1;
    else if (phase === "end" || event === "on_agent_finish") counts.ends += 1;
    else if (phase === "error") counts.errors += 1;
    else if (event === "on_text") counts.texts += 1;
    else if (event === "on_llm_new_token") counts.tokens += 1;
  }
  return counts;
}

function fullLife(names: readonly FixtureName[]) {
  return (placement: Placement) =>
    withPlaced(placement, names, async (...placed) => {
      const manager = new AsyncCallbackManager({ handlers: placed.map(({ handler }) => handler) });
      await liveModel(manager);
      await liveChain(manager);
      await liveTool(manager);
      const counts = await Promise.all(placed.map(countsOf));
      expect(counts).toEqual(names.map(() => ({ starts: 4, ends: 4, errors: 3, texts: 3, tokens: 1 })));
    });
}

row(1, PLACEMENTS, fullLife(["MethodPerEvent", "MethodPerEvent"]));
row(4, PLACEMENTS, fullLife(["AsyncMethodPerEvent", "AsyncMethodPerEvent"]));
row(5, PLACEMENTS, fullLife(["MethodPerEvent", "AsyncMethodPerEvent", "AsyncMethodPerEvent"]));

function ignoring(flag: string, live: (manager: AsyncCallbackManager) => Promise<void>) {
  return (placement: Placement) =>
    withPlaced(
      placement,
      [["MethodPerEvent", { [flag]: true }], "MethodPerEvent"],
      async (ignorant, ...others) => {
        const placed = [ignorant, ...others];
        await live(new AsyncCallbackManager({ handlers: placed.map(({ handler }) => handler) }));
        const [none, one] = await Promise.all(placed.map(countsOf));
        expect(none).toMatchObject({ starts: 0, ends: 0, errors: 0 });
        expect(one).toMatchObject({ starts: 1, ends: 1, errors: 1 });
      },
    );
}

async function startAndEnds(manager: AsyncCallbackManager): Promise<void> {
  const chain = await manager.onChainStart(null, {});
  await chain.onChainEnd({});
  await chain.onChainError(new Error("chain"));
}

row(6, PLACEMENTS, ignoring("ignoreLLM", liveModel));
row(7, PLACEMENTS, ignoring("ignoreChain", startAndEnds));
row(8, PLACEMENTS, ignoring("ignoreAgent", liveTool));
row(9, PLACEMENTS, ignoring("ignoreRetriever", liveRetriever));
