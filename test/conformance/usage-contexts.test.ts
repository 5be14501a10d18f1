import { expect } from "vitest";
import {
  AsyncCallbackManager,
  startChainGroup,
  type UsageMetadataCallbackHandler,
  withUsageMetadata,
} from "../../src/index.ts";
import { recorder } from "../support/recorder.ts";
import { NO_PLACEMENT, row } from "./row.ts";

async function callModel(tokens: number): Promise<void> {
  const [run] = await AsyncCallbackManager.configure().onLLMStart(null, ["p"]);
  const usage_metadata = { input_tokens: tokens, output_tokens: 0, total_tokens: tokens };
  const message = { usage_metadata, response_metadata: { model_name: "m" } };
  await run?.onLLMEnd({ generations: [[{ text: "", message }]] });
}

row(20, NO_PLACEMENT, async () => {
  const tracer = recorder();
  const group = await startChainGroup("group", { callbacks: [tracer] });
  withUsageMetadata((usage) => {
    const manager = AsyncCallbackManager.configure({ inheritable: group });
    expect(manager.handlers).toEqual([tracer, usage]);
    expect(manager.handlers[1]).toBe(usage);
  });
  expect(group.handlers).toEqual([tracer]);
});

row(21, NO_PLACEMENT, async () => {
  const totals = [];
  for (const tokens of [3, 4]) {
    totals.push(
      await withUsageMetadata(async ({ usageMetadata: atFirst }) => atFirst),
      await withUsageMetadata(async (usage: UsageMetadataCallbackHandler) => {
        await callModel(tokens);
        return usage.usageMetadata["m"]?.total_tokens;
      }),
    );
    await callModel(1000);
  }
  expect(totals).toEqual([{}, 3, {}, 4]);
});

row(53, NO_PLACEMENT, async () => {
  for (let use = 0; use < 50; use += 1) await withUsageMetadata(() => callModel(1));
  expect(AsyncCallbackManager.configure().handlers).toEqual([]);
  withUsageMetadata(() => expect(AsyncCallbackManager.configure().handlers).toHaveLength(1));
});
