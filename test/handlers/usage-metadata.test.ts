import { afterEach, expect, test } from "vitest";
import { runBatch } from "../../src/batch/index.ts";
import {
  AsyncCallbackManager,
  mergeUsageReports,
  offThread,
  UNKNOWN_MODEL,
  UsageMetadataCallbackHandler,
  usageMetadataModule,
} from "../../src/index.ts";
import { startMockServer } from "../../src/testing/index.ts";
import { line, writeLines } from "../fixtures/batch.ts";
import { scratch } from "../fixtures/scratch.ts";
import { answer, ask, times, USAGE } from "../support/usage.ts";

const path = scratch();

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end()));
});

test("off-thread, each lane reports its share and the shares add up", async () => {
  const placed = await offThread<UsageMetadataCallbackHandler>(
    { module: usageMetadataModule },
    { threads: 2 },
  );
  ends.push(() => placed.close());
  const manager = new AsyncCallbackManager({ handlers: [placed] });
  for (let i = 0; i < 3; i += 1) await ask(manager, answer(USAGE, "a"));
  await placed.flush();
  const reports = await placed.remote.report();
  expect(reports).toHaveLength(2);
  expect(mergeUsageReports(reports)).toEqual({ a: times(3) });
});

test("without a name in response or start, the model is UNKNOWN_MODEL", async () => {
  const handler = new UsageMetadataCallbackHandler();
  const manager = new AsyncCallbackManager({ handlers: [handler] });
  await ask(manager, answer(USAGE));
  await ask(manager, answer(USAGE, ""));
  expect(handler.usageMetadata).toEqual({ [UNKNOWN_MODEL]: times(2) });
});

test.each<[source: string, start: Parameters<AsyncCallbackManager["onLLMStart"]>]>([
  ["the parameters", [{ name: "x" }, ["?"], { extra: { invocationParams: { model: "m" } }, name: "x" }]],
  ["LangChain's parameters", [{ name: "x" }, ["?"], { extra: { invocation_params: { model_name: "m" } } }]],
  ["the serialized model", [{ name: "x", kwargs: { model: "m" } }, ["?"], { name: "x" }]],
  ["the run's name", [{ name: "x" }, ["?"], { name: "m" }]],
  ["the model's name", [{ name: "m" }, ["?"]]],
  ["the model's class", [{ id: ["langchain", "m"] }, ["?"]]],
])("a model that its response does not name is named by %s", async (_, start) => {
  const handler = new UsageMetadataCallbackHandler();
  const manager = new AsyncCallbackManager({ handlers: [handler] });
  const [run] = await manager.onLLMStart(...start);
  await run?.onLLMEnd(answer(USAGE));
  expect(handler.report()).toEqual({ m: USAGE });
});

test("the run's metadata and llmOutput name a model too, the response before the start", async () => {
  const handler = new UsageMetadataCallbackHandler();
  const metadata = { ls_model_name: "asked" };
  const manager = new AsyncCallbackManager({ handlers: [handler], metadata });
  await ask(manager, answer(USAGE));
  await ask(manager, { ...answer(USAGE), llmOutput: { modelName: "answering" } });
  await ask(manager, { ...answer(USAGE, "a-2026"), llmOutput: { model: "a" } });
  expect(handler.report()).toEqual({ asked: USAGE, answering: USAGE, "a-2026": USAGE });
});

test("a run without usage leaves no key; the usage of a failed run counts", async () => {
  const handler = new UsageMetadataCallbackHandler();
  const manager = new AsyncCallbackManager({ handlers: [handler] });
  await ask(manager, { generations: [[{ text: "hi" }]] });
  const runs = await manager.onLLMStart({ name: "m" }, ["one", "two"]);
  await runs[0]?.onLLMError(new Error("refused"));
  expect(handler.usageMetadata).toEqual({});
  await runs[1]?.onLLMError(new Error("cut"), { response: answer(USAGE, "a") });
  expect(handler.usageMetadata).toEqual({ a: USAGE });
});

test("the counts of a batch match those of its server", async () => {
  const double = await startMockServer();
  ends.push(() => double.close());
  const handler = new UsageMetadataCallbackHandler();
  const input = writeLines(
    path("in.jsonl"),
    Array.from({ length: 5 }, (_, i) => line(`q${i}`, `question ${i}`)),
  );
  const { promptTokens, completionTokens } = await runBatch({
    input,
    output: path("out.jsonl"),
    baseUrl: double.url,
    handlers: [handler],
  });
  expect(promptTokens).toBeGreaterThan(0);
  const total = promptTokens + completionTokens;
  expect(Object.values(handler.usageMetadata)).toEqual([
    expect.objectContaining({
      input_tokens: promptTokens,
      output_tokens: completionTokens,
      total_tokens: total,
    }),
  ]);
});

test("models named like properties of every object add up", () => {
  const report = Object.fromEntries(["constructor", "__proto__"].map((name) => [name, USAGE]));
  expect(Object.entries(mergeUsageReports([report, report]))).toEqual([
    ["constructor", times(2)],
    ["__proto__", times(2)],
  ]);
});
