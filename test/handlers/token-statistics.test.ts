import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { expect, test } from "vitest";
import {
  AsyncCallbackManager,
  createTokenStatistics,
  mergeTokenReports,
  offThread,
  type TokenStatistics,
  tokenStatisticsModule,
} from "../../src/index.ts";

const QUESTION = { role: "user", content: "How many tokens is this?" };

async function oneRun(manager: AsyncCallbackManager, model: string, text: string): Promise<void> {
  const extra = { invocationParams: { model } };
  const [run] = await manager.onChatModelStart({ name: "chat" }, [[QUESTION]], { extra });
  await run?.onLLMEnd({ generations: [[{ text }]] });
}

test("counts prompts and texts per model with the tokenizer", async () => {
  const statistics = await createTokenStatistics();
  const manager = new AsyncCallbackManager({ handlers: [statistics] });
  await oneRun(manager, "a", "Seven.");
  await oneRun(manager, "a", "Yes, seven 🚀.");
  await oneRun(manager, "b", "");
  const prompt = countTokens("Human: How many tokens is this?");
  expect(statistics.report()).toEqual({
    encoding: "o200k_base",
    models: {
      a: {
        prompts: 2,
        promptTokens: 2 * prompt,
        texts: 2,
        completionTokens: countTokens("Seven.") + countTokens("Yes, seven 🚀."),
      },
      b: { prompts: 1, promptTokens: prompt, texts: 1, completionTokens: 0 },
    },
  });
});

test("counts the output of a failed run; a model without a better name is named by metadata or run", async () => {
  const statistics = await createTokenStatistics();
  const manager = new AsyncCallbackManager({ handlers: [statistics], metadata: { model: "meta" } });
  const [failed] = await manager.onLLMStart({ name: "x" }, ["p"]);
  await failed?.onLLMError(new Error("cut"), { response: { generations: [[{ text: "half a" }]] } });
  const [bare] = await new AsyncCallbackManager({ handlers: [statistics] }).onLLMStart({ name: "named" }, [
    "p",
  ]);
  await bare?.onLLMError(new Error("nothing came"));
  expect(statistics.report().models).toMatchObject({
    meta: { prompts: 1, texts: 1, completionTokens: 2 },
    named: { prompts: 1, texts: 0, completionTokens: 0 },
  });
});

test("text that looks like a special token, and a very long word, are counted", async () => {
  const statistics = await createTokenStatistics({ encoding: "cl100k_base" });
  const manager = new AsyncCallbackManager({ handlers: [statistics] });
  await oneRun(manager, "m", "<|endoftext|>");
  const special = statistics.report().models["m"]?.completionTokens ?? 0;
  expect(special).toBeGreaterThan(1);
  await oneRun(manager, "m", "语".repeat(200_000));
  expect(statistics.report().models["m"]?.completionTokens).toBeGreaterThan(100_000);
});

test("an unknown encoding is refused", async () => {
  const unknown = { encoding: "p50k_base" } as unknown as { encoding: "o200k_base" };
  await expect(createTokenStatistics(unknown)).rejects.toMatchObject({
    code: "SIDECALL_OPTION_INVALID",
    message: expect.stringContaining("p50k_base"),
  });
});

test("off-thread, each lane reports its share and the shares add up", async () => {
  const placed = await offThread<TokenStatistics>({ module: tokenStatisticsModule }, { threads: 2 });
  const manager = new AsyncCallbackManager({ handlers: [placed] });
  await Promise.all(Array.from({ length: 20 }, (_, i) => oneRun(manager, `m${i % 2}`, "Seven.")));
  await placed.flush();
  const reports = await placed.remote.report();
  expect(reports).toHaveLength(2);
  expect(mergeTokenReports(reports).models).toMatchObject({
    m0: { prompts: 10, texts: 10, completionTokens: 10 * countTokens("Seven.") },
    m1: { prompts: 10, texts: 10 },
  });
  await placed.close();
});

test("reports of models named like properties of every object add up", () => {
  const tokens = { prompts: 1, promptTokens: 2, texts: 1, completionTokens: 3 };
  const models = Object.fromEntries(["constructor", "__proto__"].map((name) => [name, tokens]));
  const { models: sum } = mergeTokenReports([
    { encoding: "o200k_base", models },
    { encoding: "o200k_base", models },
  ]);
  const twice = { prompts: 2, promptTokens: 4, texts: 2, completionTokens: 6 };
  expect(Object.entries(sum)).toEqual([
    ["constructor", twice],
    ["__proto__", twice],
  ]);
});

test("a misspelt option is named", async () => {
  const misspelt = { encodng: "o200k_base" } as unknown as { encoding: "o200k_base" };
  await expect(createTokenStatistics(misspelt)).rejects.toMatchObject({
    code: "SIDECALL_OPTION_INVALID",
    message: expect.stringContaining("encodng"),
  });
});
