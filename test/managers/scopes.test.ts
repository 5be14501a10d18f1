import { expect, test } from "vitest";
import {
  AsyncCallbackManager,
  type LLMResult,
  traceAsChainGroup,
  type UsageMetadataCallbackHandler,
  withRunCollector,
  withUsageMetadata,
} from "../../src/index.ts";

const used = (tokens: number): LLMResult => {
  const usage_metadata = { input_tokens: tokens, output_tokens: 0, total_tokens: tokens };
  return {
    generations: [[{ text: "", message: { usage_metadata, response_metadata: { model_name: "m" } } }]],
  };
};

async function callModel(tokens: number, manager = AsyncCallbackManager.configure()): Promise<void> {
  const [run] = await manager.onLLMStart(null, ["p"]);
  await run?.onLLMEnd(used(tokens));
}

test("usage within the body is counted at any depth, however the manager was made; usage outside is not", async () => {
  await callModel(1000);
  const usage = await withUsageMetadata(async (counter) => {
    await callModel(1);
    await traceAsChainGroup("group", {}, async (group) => {
      await callModel(2);
      await callModel(4, group);
      const tool = await group.onToolStart(null, "in");
      await callModel(8, tool.getChild());
    });
    return counter.usageMetadata;
  });
  await callModel(1000);
  expect(usage["m"]?.total_tokens).toBe(15);
});

test("bodies count separately, in sequence and concurrently; an outer body counts inner calls too", async () => {
  const total = (counter: UsageMetadataCallbackHandler) => counter.usageMetadata["m"]?.total_tokens ?? 0;
  const count = (tokens: number) =>
    withUsageMetadata(async (counter) => {
      await new Promise((resolve) => setImmediate(resolve));
      await callModel(tokens);
      return total(counter);
    });
  expect([await count(1), await count(2)]).toEqual([1, 2]);
  expect(await Promise.all([count(3), count(4), count(5)])).toEqual([3, 4, 5]);
  const outer = await withUsageMetadata(async (counter) => {
    await count(6);
    await callModel(1);
    return total(counter);
  });
  expect(outer).toBe(7);
});

test("a body that throws counts no further calls", async () => {
  let counter: UsageMetadataCallbackHandler | undefined;
  const failing = withUsageMetadata(async (each) => {
    counter = each;
    await callModel(1);
    throw new RangeError("no");
  });
  await expect(failing).rejects.toThrow("no");
  await callModel(10);
  expect(counter?.usageMetadata["m"]?.total_tokens).toBe(1);
});

test("root runs within the body are collected, with the runs below them", async () => {
  const runs = await withRunCollector(async (collector) => {
    await traceAsChainGroup("one", {}, async (group) => callModel(1, group));
    await callModel(2);
    return collector.runs;
  });
  await callModel(3);
  expect(runs).toMatchObject([
    { name: "one", runType: "chain", children: [{ runType: "llm", inputs: { prompts: ["p"] } }] },
    { runType: "llm", children: [] },
  ]);
  expect(runs).toHaveLength(2);
});
