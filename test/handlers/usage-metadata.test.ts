import { afterEach, describe, expect, test } from "vitest";
import {
  AsyncCallbackManager,
  type LLMResult,
  mergeUsageReports,
  offThread,
  runBatch,
  startModelDouble,
  UNKNOWN_MODEL,
  UsageMetadataCallbackHandler,
  type UsageReport,
  usageMetadataModule,
} from "../../src/index.ts";
import { line, writeLines } from "../fixtures/batch.ts";
import { scratch } from "../fixtures/scratch.ts";

const path = scratch();

const USAGE = {
  input_tokens: 1,
  output_tokens: 2,
  total_tokens: 3,
  input_token_details: { audio: 4, cache_read: 5 },
  output_token_details: { audio: 6, reasoning: 7 },
};
const OTHER = { input_tokens: 10, output_tokens: 20, total_tokens: 30, output_token_details: { audio: 1 } };
const BOTH = {
  input_tokens: 11,
  output_tokens: 22,
  total_tokens: 33,
  input_token_details: { audio: 4, cache_read: 5 },
  output_token_details: { audio: 7, reasoning: 7 },
};

function times(count: number) {
  return {
    input_tokens: count,
    output_tokens: 2 * count,
    total_tokens: 3 * count,
    input_token_details: { audio: 4 * count, cache_read: 5 * count },
    output_token_details: { audio: 6 * count, reasoning: 7 * count },
  };
}

function answer(usage: object, model?: string): LLMResult {
  const named = model === undefined ? {} : { response_metadata: { model_name: model } };
  return { generations: [[{ text: "", message: { usage_metadata: usage, ...named } }]] };
}

/** One model run. */
async function ask(manager: AsyncCallbackManager, response: LLMResult): Promise<void> {
  const [run] = await manager.onChatModelStart(null, [[{ role: "user", content: "?" }]]);
  await run?.onLLMEnd(response);
}

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end()));
});

const PLACEMENTS = [
  ["inline", undefined],
  ["off-thread, one lane", { threads: 1 }],
  ["off-thread, two lanes", { threads: 2 }],
  ["off-thread, unordered", { threads: 2, ordering: "none" }],
] as const;

describe.each(PLACEMENTS)("usage counted %s", (_, options) => {
  /** A manager with the handler, and what the handler has counted in the end. */
  async function setUp(): Promise<[AsyncCallbackManager, () => Promise<UsageReport>]> {
    if (options === undefined) {
      const handler = new UsageMetadataCallbackHandler();
      return [new AsyncCallbackManager({ handlers: [handler] }), async () => handler.usageMetadata];
    }
    const placed = await offThread<UsageMetadataCallbackHandler>({ module: usageMetadataModule }, options);
    ends.push(() => placed.close());
    const report = async () => {
      await placed.flush();
      return mergeUsageReports(await placed.remote.report());
    };
    return [new AsyncCallbackManager({ handlers: [placed] }), report];
  }

  test("row 48: two calls give their sum for the model", async () => {
    const [manager, report] = await setUp();
    await ask(manager, answer(USAGE, "a"));
    await ask(manager, answer(OTHER, "a"));
    expect(await report()).toEqual({ a: BOTH });
  });

  test("row 49: four calls with audio and reasoning details give sums of these too", async () => {
    const [manager, report] = await setUp();
    for (let i = 0; i < 4; i += 1) await ask(manager, answer(USAGE, "a"));
    expect(await report()).toEqual({ a: times(4) });
  });

  test("rows 50 and 52: a batch, also one at a time, gives the sum over its inputs", async () => {
    const [manager, report] = await setUp();
    const runs = await manager.onLLMStart(null, ["one", "two"]);
    await Promise.all(runs.map((run) => run.onLLMEnd(answer(USAGE, "a"))));
    expect(await report()).toEqual({ a: times(2) });
    for (const prompt of ["one", "two"]) {
      const [run] = await manager.onLLMStart(null, [prompt]);
      await run?.onLLMEnd(answer(USAGE, "a"));
    }
    expect(await report()).toEqual({ a: times(4) });
  });

  test("row 51: two models with one handler give two keys", async () => {
    const [manager, report] = await setUp();
    await ask(manager, answer(USAGE, "a"));
    await ask(manager, answer(OTHER, "b"));
    expect(await report()).toEqual({ a: USAGE, b: OTHER });
  });

  test("every generation of every prompt counts, not the first alone", async () => {
    const [manager, report] = await setUp();
    const [[generation]] = answer(USAGE, "a").generations as [LLMResult["generations"][0]];
    if (generation === undefined) throw new Error("no generation");
    await ask(manager, { generations: [[{ text: "no message" }, generation], [], [generation, generation]] });
    expect(await report()).toEqual({ a: times(3) });
  });

  test("usage without a model's name counts under the stated key", async () => {
    const [manager, report] = await setUp();
    await ask(manager, answer(USAGE));
    await ask(manager, answer(USAGE));
    expect(await report()).toEqual({ [UNKNOWN_MODEL]: times(2) });
  });
});

test.each<[source: string, start: Parameters<AsyncCallbackManager["onLLMStart"]>]>([
  ["the parameters", [{ name: "x" }, ["?"], { extra: { invocationParams: { model: "m" } }, name: "x" }]],
  ["LangChain's parameters", [{ name: "x" }, ["?"], { extra: { invocation_params: { model_name: "m" } } }]],
  ["what it is built from", [{ name: "x", kwargs: { model: "m" } }, ["?"], { name: "x" }]],
  ["the run's name", [{ name: "x" }, ["?"], { name: "m" }]],
  ["the model's name", [{ name: "m" }, ["?"]]],
  ["the model's class", [{ id: ["langchain", "m"] }, ["?"]]],
])("a model whose response does not name it goes by %s", async (_, start) => {
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

test("a run without usage leaves no key, a failed one counts what it had used", async () => {
  const handler = new UsageMetadataCallbackHandler();
  const manager = new AsyncCallbackManager({ handlers: [handler] });
  await ask(manager, { generations: [[{ text: "hi" }]] });
  const runs = await manager.onLLMStart({ name: "m" }, ["one", "two"]);
  await runs[0]?.onLLMError(new Error("refused"));
  expect(handler.usageMetadata).toEqual({});
  await runs[1]?.onLLMError(new Error("cut"), { response: answer(USAGE, "a") });
  expect(handler.usageMetadata).toEqual({ a: USAGE });
});

test("a batch of requests counts as its server says", async () => {
  const double = await startModelDouble();
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

test("models with names that objects have already add up", () => {
  const report = Object.fromEntries(["constructor", "__proto__"].map((name) => [name, USAGE]));
  expect(Object.entries(mergeUsageReports([report, report]))).toEqual([
    ["constructor", times(2)],
    ["__proto__", times(2)],
  ]);
});
