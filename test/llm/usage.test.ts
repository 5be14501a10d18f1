import { AIMessage } from "@langchain/core/messages";
import { expect, test } from "vitest";
import type { LLMResult } from "../../src/index.ts";
import { addUsage, sumUsage } from "../../src/llm/usage.ts";

const ONE = {
  input_tokens: 1,
  output_tokens: 2,
  total_tokens: 3,
  input_token_details: { audio: 4, cache_read: 5 },
  output_token_details: { reasoning: 6 },
};
const TWICE = {
  input_tokens: 2,
  output_tokens: 4,
  total_tokens: 6,
  input_token_details: { audio: 8, cache_read: 10 },
  output_token_details: { reasoning: 12 },
};
/** The usage of ONE as OpenAI's API reports it. */
const OPENAI = {
  prompt_tokens: 1,
  completion_tokens: 2,
  total_tokens: 3,
  prompt_tokens_details: { audio_tokens: 4, cached_tokens: 5 },
  completion_tokens_details: { reasoning_tokens: 6 },
};
const PLAIN = { input_tokens: 1, output_tokens: 2, total_tokens: 3 };
const CAMEL = { promptTokens: 1, completionTokens: 2, totalTokens: 3 };

const used = (usage: unknown) => ({ text: "", message: { usage_metadata: usage } });

test.each<[given: string, response: LLMResult, sum: unknown]>([
  ["usage present", { generations: [[used(ONE)]] }, ONE],
  ["usage absent", { generations: [[{ text: "", message: {} }]] }, undefined],
  ["no message", { generations: [[{ text: "" }]] }, undefined],
  ["an empty list", { generations: [] }, undefined],
  ["an empty batch", { generations: [[]] }, undefined],
  ["many generations", { generations: [[used(ONE), used(ONE)]] }, TWICE],
  ["many batches", { generations: [[used(ONE)], [used(ONE)]] }, TWICE],
  ["some without usage", { generations: [[{ text: "" }], [used(ONE)]] }, ONE],
])("usage in generations: %s", (_, response, sum) => {
  expect(sumUsage(response)).toEqual(sum);
});

const whole = (llmOutput: Record<string, unknown>, ...generations: object[]): LLMResult => ({
  generations: [generations.map((each) => ({ text: "", ...each }))],
  llmOutput,
});

test.each<[given: string, response: LLMResult, sum: unknown]>([
  ["a LangChain message", { generations: [[{ text: "", message: message() }]] }, ONE],
  [
    "a serialized LangChain message",
    { generations: [[{ text: "", message: JSON.parse(JSON.stringify(message())) }]] },
    ONE,
  ],
  ["OpenAI's message", { generations: [[{ text: "", message: { usage: OPENAI } }]] }, ONE],
  ["LangChain.js's llmOutput", whole({ tokenUsage: CAMEL }, {}), PLAIN],
  ["LangChain's llmOutput", whole({ token_usage: OPENAI }), ONE],
  ["a detailed and a short llmOutput", whole({ tokenUsage: CAMEL, usage: OPENAI }, {}), ONE],
  ["the message and llmOutput", whole({ tokenUsage: CAMEL }, used(ONE)), ONE],
  [
    "llmOutput, and a copy of it with each message",
    whole({ tokenUsage: CAMEL }, { message: { response_metadata: { tokenUsage: CAMEL } } }),
    PLAIN,
  ],
  ["the whole repeated on every choice", whole({ tokenUsage: CAMEL }, used(ONE), used(ONE)), ONE],
  ["response metadata alone", whole({}, { message: { response_metadata: { usage: OPENAI } } }), ONE],
  ["generation info alone", whole({}, { generationInfo: { tokenUsage: CAMEL } }), PLAIN],
  ["both names of a count", whole({ usage: { ...OPENAI, input_tokens: 1, output_tokens: 2 } }), ONE],
  ["no total", whole({ usage: { input_tokens: 1, output_tokens: 2 } }), PLAIN],
  ["counts of other kinds", whole({ usage: { ...PLAIN, images: 2, tier: "x" } }), { ...PLAIN, images: 2 }],
])("a provider's usage counts once: %s", (_, response, sum) => {
  expect(sumUsage(response)).toEqual(sum);
});

function message(): AIMessage {
  // In LangChain's types a message has usage only if its message structure declares it.
  return new AIMessage({ content: "", usage_metadata: ONE as never });
}

test("details of any kind and depth add up", () => {
  const a = { ...PLAIN, images: 1, tools: { web: { calls: 1 } } };
  const b = { ...PLAIN, tools: { web: { calls: 2, pages: 3 }, code: 4 } };
  expect(addUsage(a, b)).toEqual({
    input_tokens: 2,
    output_tokens: 4,
    total_tokens: 6,
    images: 1,
    tools: { web: { calls: 3, pages: 3 }, code: 4 },
  });
  expect(addUsage(undefined, undefined)).toEqual({ input_tokens: 0, output_tokens: 0, total_tokens: 0 });
});

test("values that are no counts are left out; nothing throws or reaches a prototype", () => {
  const cycle: Record<string, unknown> = { audio: 1 };
  cycle["self"] = cycle;
  const hostile = {
    ...PLAIN,
    nan: Number.NaN,
    endless: Number.POSITIVE_INFINITY,
    text: "7",
    list: [1],
    input_token_details: cycle,
    output_token_details: 5,
    ...JSON.parse('{ "own": { "__proto__": { "polluted": 1 }, "constructor": 2 } }'),
  };
  const expected = { ...PLAIN, input_token_details: { audio: 1 }, own: { constructor: 2 } };
  const sum = sumUsage({ generations: [[used(hostile)]] });
  expect(sum).toEqual(expected);
  expect(Object.keys(sum ?? {})).toEqual(Object.keys(expected));
  expect("polluted" in {}).toBe(false);
});

test("unreadable counts do not affect others", () => {
  const throwing = {
    get usage_metadata(): never {
      throw new Error("nobody may know");
    },
  };
  expect(sumUsage({ generations: [[{ text: "", message: throwing }, used(ONE)]] })).toEqual(ONE);
  for (const response of [null, {}, { generations: 7 }, { generations: [null, [null]] }]) {
    expect(sumUsage(response as unknown as LLMResult)).toBeUndefined();
  }
});
