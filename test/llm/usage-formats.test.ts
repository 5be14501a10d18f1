import fc from "fast-check";
import { expect, test } from "vitest";
import type { LLMResult } from "../../src/index.ts";
import { readUsage } from "../../src/llm/counts.ts";
import { modelOfResponse } from "../../src/llm/model-name.ts";
import { addUsage, sumUsage } from "../../src/llm/usage.ts";

/** Counts that every provider of the table reports: 100 tokens in, 20 out, some of them cached, some of them thoughts. */
const PLAIN = { input_tokens: 100, output_tokens: 20, total_tokens: 120 };
const READ = { input_token_details: { cache_read: 60 } };
const CACHED = { input_token_details: { cache_creation: 30, cache_read: 60 } };
const REASONED = { output_token_details: { reasoning: 8 } };

/** Usage as the public documents of each provider show it. */
const FORMATS: [of: string, usage: unknown, expected: object][] = [
  [
    "OpenAI Chat Completions",
    {
      prompt_tokens: 100,
      completion_tokens: 20,
      total_tokens: 120,
      prompt_tokens_details: { cached_tokens: 60 },
      completion_tokens_details: { reasoning_tokens: 8 },
    },
    { ...PLAIN, ...READ, ...REASONED },
  ],
  [
    "OpenAI Responses",
    {
      input_tokens: 100,
      input_tokens_details: { cached_tokens: 60 },
      output_tokens: 20,
      output_tokens_details: { reasoning_tokens: 8 },
      total_tokens: 120,
    },
    { ...PLAIN, ...READ, ...REASONED },
  ],
  [
    "Anthropic",
    {
      input_tokens: 10,
      cache_creation_input_tokens: 30,
      cache_read_input_tokens: 60,
      output_tokens: 20,
      service_tier: "standard",
    },
    { ...PLAIN, ...CACHED },
  ],
  [
    "Anthropic without a cache",
    {
      input_tokens: 100,
      cache_creation_input_tokens: null,
      cache_read_input_tokens: null,
      output_tokens: 20,
    },
    PLAIN,
  ],
  [
    "Anthropic with its cache by time",
    {
      input_tokens: 10,
      cache_creation_input_tokens: 30,
      cache_creation: { ephemeral_5m_input_tokens: 30 },
      cache_read_input_tokens: 60,
      output_tokens: 20,
      server_tool_use: { web_search_requests: 1 },
    },
    {
      ...PLAIN,
      input_token_details: { ...CACHED.input_token_details, ephemeral_5m_input_tokens: 30 },
      server_tool_use: { web_search_requests: 1 },
    },
  ],
  [
    "a gateway that counts Anthropic's cache within the input",
    { input_tokens: 100, output_tokens: 20, total_tokens: 120, cache_read_input_tokens: 60 },
    { ...PLAIN, ...READ },
  ],
  [
    "a gateway that says Anthropic's cache in OpenAI's words",
    {
      prompt_tokens: 100,
      completion_tokens: 20,
      total_tokens: 120,
      cache_read_input_tokens: 60,
      cache_creation_input_tokens: 30,
    },
    { ...PLAIN, ...CACHED },
  ],
  [
    "a gateway that adds zeros of another format",
    { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120, input_tokens: 0, output_tokens: 0 },
    PLAIN,
  ],
  [
    "Bedrock Converse",
    {
      inputTokens: 10,
      outputTokens: 20,
      totalTokens: 120,
      cacheReadInputTokens: 60,
      cacheWriteInputTokens: 30,
    },
    { ...PLAIN, ...CACHED },
  ],
  [
    "LangChain.js before it counted Bedrock's cache as input",
    { input_tokens: 40, output_tokens: 20, total_tokens: 120, input_token_details: { cache_read: 60 } },
    { ...PLAIN, ...READ },
  ],
  [
    "LangChain.js before it counted a small cache of Bedrock's as input",
    { input_tokens: 70, output_tokens: 20, total_tokens: 120, input_token_details: { cache_read: 30 } },
    { ...PLAIN, input_token_details: { cache_read: 30 } },
  ],
  [
    "Bedrock's metrics",
    {
      inputTokenCount: 10,
      outputTokenCount: 20,
      invocationLatency: 5,
      cacheReadInputTokenCount: 60,
      cacheWriteInputTokenCount: 30,
    },
    { ...PLAIN, ...CACHED, invocationLatency: 5 },
  ],
  ["AI SDK 4", { promptTokens: 100, completionTokens: 20, totalTokens: 120 }, PLAIN],
  [
    "AI SDK 5",
    { inputTokens: 100, outputTokens: 20, totalTokens: 120, reasoningTokens: 8, cachedInputTokens: 60 },
    { ...PLAIN, ...READ, ...REASONED },
  ],
  [
    "AI SDK 6",
    {
      inputTokens: 100,
      inputTokenDetails: { noCacheTokens: 40, cacheReadTokens: 60, cacheWriteTokens: undefined },
      outputTokens: 20,
      outputTokenDetails: { textTokens: 12, reasoningTokens: 8 },
      totalTokens: 120,
      reasoningTokens: 8,
      cachedInputTokens: 60,
      raw: { prompt_tokens: 100 },
    },
    {
      ...PLAIN,
      input_token_details: { no_cache: 40, cache_read: 60 },
      output_token_details: { text: 12, reasoning: 8 },
    },
  ],
  [
    "a provider of AI SDK 6",
    {
      inputTokens: { total: 100, noCache: 40, cacheRead: 60, cacheWrite: undefined },
      outputTokens: { total: 20, text: 12, reasoning: 8 },
      raw: { prompt_tokens: 100 },
    },
    {
      ...PLAIN,
      input_token_details: { no_cache: 40, cache_read: 60 },
      output_token_details: { text: 12, reasoning: 8 },
    },
  ],
  [
    "Gemini",
    {
      promptTokenCount: 100,
      candidatesTokenCount: 12,
      thoughtsTokenCount: 8,
      totalTokenCount: 120,
      cachedContentTokenCount: 60,
      promptTokensDetails: [
        { modality: "TEXT", tokenCount: 90 },
        { modality: "IMAGE", tokenCount: 10 },
      ],
    },
    { ...PLAIN, input_token_details: { text: 90, image: 10, cache_read: 60 }, ...REASONED },
  ],
  [
    "Gemini with tools",
    { promptTokenCount: 70, toolUsePromptTokenCount: 30, candidatesTokenCount: 20, totalTokenCount: 120 },
    { ...PLAIN, input_token_details: { tool_use: 30 } },
  ],
  ["Gemini Live", { promptTokenCount: 100, responseTokenCount: 20, totalTokenCount: 120 }, PLAIN],
  [
    "Gemini with thoughts within the candidates",
    { promptTokenCount: 100, candidatesTokenCount: 20, thoughtsTokenCount: 8, totalTokenCount: 120 },
    { ...PLAIN, ...REASONED },
  ],
  [
    "xAI",
    {
      prompt_tokens: 100,
      completion_tokens: 12,
      total_tokens: 120,
      completion_tokens_details: { reasoning_tokens: 8 },
    },
    { ...PLAIN, ...REASONED },
  ],
  [
    "DeepSeek",
    {
      prompt_tokens: 100,
      completion_tokens: 20,
      total_tokens: 120,
      prompt_cache_hit_tokens: 60,
      prompt_cache_miss_tokens: 40,
    },
    { ...PLAIN, ...READ, prompt_cache_miss_tokens: 40 },
  ],
  ["Mistral", { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 }, PLAIN],
  ["Ollama", { prompt_eval_count: 100, eval_count: 20 }, PLAIN],
  [
    "Cohere 1",
    {
      api_version: { version: "1" },
      billed_units: { input_tokens: 90, output_tokens: 20 },
      tokens: { input_tokens: 100, output_tokens: 20 },
    },
    PLAIN,
  ],
  [
    "Cohere 2",
    {
      billed_units: { input_tokens: 90, output_tokens: 20 },
      tokens: { input_tokens: 100, output_tokens: 20 },
      cached_tokens: 60,
    },
    { ...PLAIN, ...READ },
  ],
  [
    "Cohere's SDK",
    { billedUnits: { inputTokens: 90, outputTokens: 20 }, tokens: { inputTokens: 100, outputTokens: 20 } },
    PLAIN,
  ],
  ["the billed units of Cohere's SDK alone", { billedUnits: { inputTokens: 100, outputTokens: 20 } }, PLAIN],
  ["Cohere's billed units alone", { billed_units: { input_tokens: 100, output_tokens: 20 } }, PLAIN],
  ["LangChain", { ...PLAIN, ...CACHED, ...REASONED }, { ...PLAIN, ...CACHED, ...REASONED }],
];

test.each(FORMATS)("reads the usage of %s", (_, usage, expected) => {
  expect(readUsage(usage)).toEqual(expected);
});

test.each(FORMATS)("usage of %s read twice is the same, and adds up", (_, usage) => {
  const once = readUsage(usage);
  expect(readUsage(once)).toEqual(once);
  expect(addUsage(once, undefined)).toEqual(once);
  expect(addUsage(once, once)).toMatchObject({ input_tokens: 200, output_tokens: 40, total_tokens: 240 });
});

const OPENAI = { prompt_tokens: 100, completion_tokens: 20, total_tokens: 120 };
const GEMINI = { promptTokenCount: 100, candidatesTokenCount: 20, totalTokenCount: 120 };
const OLLAMA = {
  model: "m",
  total_duration: 5_000_000,
  prompt_eval_count: 100,
  eval_count: 20,
  eval_duration: 3,
};
const CLAUDE = {
  input_tokens: 10,
  cache_creation_input_tokens: 30,
  cache_read_input_tokens: 60,
  output_tokens: 20,
};

const one = (generation: object, more: object = {}): LLMResult => ({
  generations: [[{ text: "", ...generation }]],
  ...more,
});

/** Each response names the model `m`, if any, and reports PLAIN. */
test.each<[place: string, response: LLMResult, model: string | undefined]>([
  [
    "OpenAI's completion as message",
    one({ message: { id: "1", model: "m", choices: [], usage: OPENAI } }),
    "m",
  ],
  [
    "Gemini's response as message",
    one({ message: { candidates: [], modelVersion: "m", usageMetadata: GEMINI } }),
    "m",
  ],
  [
    "Ollama's response as message",
    one({ message: { ...OLLAMA, message: { role: "assistant", content: "" } } }),
    "m",
  ],
  ["Ollama's among the metadata", one({ message: { response_metadata: OLLAMA } }), "m"],
  ["Ollama's among the generation's infos", one({ generationInfo: OLLAMA }), "m"],
  [
    "a stored LangChain message",
    one({
      message: {
        type: "ai",
        data: { content: "", usage_metadata: PLAIN, response_metadata: { model_name: "m" } },
      },
    }),
    "m",
  ],
  [
    "the infos of a last chunk",
    one({ generationInfo: { finish_reason: "stop", model_name: "m", usage_metadata: PLAIN } }),
    "m",
  ],
  [
    "the infos of Cohere",
    one({ generationInfo: { meta: { tokens: { input_tokens: 100, output_tokens: 20 } } } }),
    undefined,
  ],
  [
    "the AI SDK's result",
    one(
      {},
      { llmOutput: { usage: { promptTokens: 100, completionTokens: 20 }, response: { modelId: "m" } } },
    ),
    "m",
  ],
  [
    "the AI SDK's result of several steps",
    one(
      {},
      {
        llmOutput: {
          usage: { inputTokens: 7, outputTokens: 7, totalTokens: 14 },
          totalUsage: { inputTokens: 100, outputTokens: 20, totalTokens: 120 },
        },
      },
    ),
    undefined,
  ],
  [
    "Bedrock's metrics",
    one({
      message: {
        response_metadata: {
          model_id: "m",
          "amazon-bedrock-invocationMetrics": { inputTokenCount: 100, outputTokenCount: 20 },
        },
      },
    }),
    "m",
  ],
  ["the response itself", one({}, { usage: OPENAI, model: "m" }), "m"],
  ["the generation itself", { generations: [[{ text: "", usage: OPENAI } as never]] }, undefined],
  [
    "an estimate",
    one(
      {},
      { llmOutput: { estimatedTokenUsage: { promptTokens: 100, completionTokens: 20, totalTokens: 120 } } },
    ),
    undefined,
  ],
  [
    "an estimate beside a last chunk's count",
    one(
      { generationInfo: { usage: OPENAI } },
      { llmOutput: { estimatedTokenUsage: { promptTokens: 7, completionTokens: 7 } } },
    ),
    undefined,
  ],
  [
    "LangChain's message and the same in its metadata",
    one({
      message: {
        usage_metadata: PLAIN,
        response_metadata: { usage: CLAUDE },
        additional_kwargs: { usage: CLAUDE },
      },
    }),
    undefined,
  ],
  [
    "LangChain's message from before its input included Anthropic's cache",
    one({
      message: {
        usage_metadata: { input_tokens: 10, output_tokens: 20, total_tokens: 30, ...CACHED },
        response_metadata: { usage: CLAUDE },
      },
    }),
    undefined,
  ],
  [
    "two choices that carry the metadata of one response",
    {
      generations: [
        [
          { text: "", generationInfo: { usage: OPENAI } },
          { text: "", generationInfo: { usage: OPENAI } },
        ],
      ],
    },
    undefined,
  ],
])("finds the usage, once, and the model in %s", (_, response, model) => {
  expect(sumUsage(response)).toMatchObject(PLAIN);
  expect(modelOfResponse(response)).toBe(model);
});

test("metadata of two prompts' responses add up, even if they are equal", () => {
  const choice = { text: "", generationInfo: { usage: OPENAI } };
  expect(sumUsage({ generations: [[choice], [choice]] })).toMatchObject({
    input_tokens: 200,
    total_tokens: 240,
  });
});

test.each([
  ["a text", { prompt_tokens: "100", completion_tokens: "20" }],
  ["a negative number", { prompt_tokens: -100, completion_tokens: -20, total_tokens: -120 }],
  ["NaN", { input_tokens: Number.NaN, output_tokens: Number.POSITIVE_INFINITY }],
  ["a BigInt", { input_tokens: 1n }],
  ["a list", [100, 20]],
  ["nothing", {}],
])("%s is no count", (_, usage) => {
  expect(sumUsage(one({ message: { usage } }))).toBeUndefined();
});

function numbersIn(value: unknown): number[] {
  if (typeof value === "number") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(numbersIn) : [Number.NaN];
}

const KEYS = FORMATS.flatMap(([, usage]) => Object.keys(Object(usage)));
const amount = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.constantFrom<unknown>("7", null, undefined, 1n, Number.NaN),
);
const usages = fc.letrec((tie) => ({
  usage: fc.dictionary(
    fc.oneof(fc.constantFrom(...KEYS, "usage", "meta", "message", "__proto__", "constructor"), fc.string()),
    fc.oneof({ depthSize: "small" }, amount, tie("usage"), fc.array(tie("usage"), { maxLength: 2 })),
    { maxKeys: 6 },
  ),
})).usage;

test("usage of any payload is finite and not negative, with all three counts, and nothing throws", () => {
  fc.assert(
    fc.property(usages, usages, usages, (usage, info, llmOutput) => {
      const response = one(
        { message: { usage, response_metadata: info }, generationInfo: info },
        { llmOutput },
      );
      const sum = sumUsage(response as LLMResult);
      modelOfResponse(response as LLMResult);
      if (sum === undefined) return;
      expect(sum).toMatchObject({ input_tokens: expect.any(Number), output_tokens: expect.any(Number) });
      expect(
        numbersIn(addUsage(sum, sum)).filter((count) => !(count >= 0 && Number.isFinite(count))),
      ).toEqual([]);
    }),
  );
  expect(Object.keys({})).toEqual([]);
});
