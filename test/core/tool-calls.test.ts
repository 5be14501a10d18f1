import { AIMessage } from "@langchain/core/messages";
import { expect, test } from "vitest";
import { argumentsText, toolCallsOf } from "../../src/core/tool-calls.ts";

const ARGS = { city: "Rome" };
const JSON_ARGS = JSON.stringify(ARGS);
const OPENAI = { id: "c1", type: "function", function: { name: "weather", arguments: JSON_ARGS } };

/** Each message has one call of `weather`. */
test.each<[form: string, message: unknown]>([
  ["OpenAI Chat Completions", { role: "assistant", content: null, tool_calls: [OPENAI] }],
  ["OpenAI's functions", { role: "assistant", function_call: { name: "weather", arguments: JSON_ARGS } }],
  [
    "OpenAI's custom tools",
    { tool_calls: [{ id: "c", type: "custom", custom: { name: "weather", input: JSON_ARGS } }] },
  ],
  [
    "an item of OpenAI Responses",
    { type: "function_call", id: "fc", call_id: "c", name: "weather", arguments: JSON_ARGS },
  ],
  [
    "output of OpenAI Responses",
    { content: [{ type: "function_call", call_id: "c", name: "weather", arguments: JSON_ARGS }] },
  ],
  [
    "a whole response of OpenAI",
    { output: [{ type: "function_call", call_id: "c", name: "weather", arguments: JSON_ARGS }] },
  ],
  ["a whole completion of OpenAI", { choices: [{ message: { content: null, tool_calls: [OPENAI] } }] }],
  [
    "a whole response of Gemini",
    { candidates: [{ content: { parts: [{ functionCall: { name: "weather", args: ARGS } }] } }] },
  ],
  ["LangChain", new AIMessage({ content: "", tool_calls: [{ id: "c", name: "weather", args: ARGS }] })],
  [
    "LangChain's JSON",
    JSON.parse(
      JSON.stringify(new AIMessage({ content: "", tool_calls: [{ id: "c", name: "weather", args: ARGS }] })),
    ),
  ],
  [
    "LangChain's stored form",
    new AIMessage({ content: "", tool_calls: [{ id: "c", name: "weather", args: ARGS }] }).toDict(),
  ],
  [
    "a call that LangChain could not read",
    { tool_calls: [], invalid_tool_calls: [{ name: "weather", args: JSON_ARGS }] },
  ],
  ["LangChain's blocks", { content: [{ type: "tool_call", id: "c", name: "weather", args: ARGS }] }],
  [
    "Anthropic",
    { role: "assistant", content: [{ type: "tool_use", id: "c", name: "weather", input: ARGS }] },
  ],
  ["Gemini", { role: "model", parts: [{ functionCall: { name: "weather", args: ARGS } }] }],
  [
    "Gemini's candidate",
    { content: { role: "model", parts: [{ functionCall: { name: "weather", args: ARGS } }] } },
  ],
  [
    "Bedrock",
    { role: "assistant", content: [{ toolUse: { toolUseId: "c", name: "weather", input: ARGS } }] },
  ],
  ["Cohere", { tool_calls: [{ name: "weather", parameters: ARGS }] }],
  ["Ollama", { role: "assistant", tool_calls: [{ function: { name: "weather", arguments: ARGS } }] }],
  [
    "AI SDK 4",
    { role: "assistant", content: [{ type: "tool-call", toolCallId: "c", toolName: "weather", args: ARGS }] },
  ],
  [
    "AI SDK 5",
    {
      role: "assistant",
      content: [{ type: "tool-call", toolCallId: "c", toolName: "weather", input: ARGS }],
    },
  ],
  [
    "a result of the AI SDK",
    { toolCalls: [{ type: "tool-call", toolCallId: "c", toolName: "weather", input: ARGS }] },
  ],
  [
    "the AI SDK's UI message",
    { role: "assistant", parts: [{ type: "tool-weather", toolCallId: "c", input: ARGS }] },
  ],
  [
    "an older UI message",
    {
      role: "assistant",
      content: "",
      toolInvocations: [{ toolCallId: "c", toolName: "weather", args: ARGS, state: "call" }],
    },
  ],
  [
    "a dynamic tool's part",
    { parts: [{ type: "dynamic-tool", toolName: "weather", toolCallId: "c", input: ARGS }] },
  ],
])("finds the tool call of %s", (_, message) => {
  const calls = toolCallsOf(message);
  expect(calls.map(({ name, isOpen }) => [name, isOpen])).toEqual([["weather", true]]);
  expect(calls.map(argumentsText)).toEqual([JSON_ARGS]);
});

const LANGCHAIN = { id: "c1", name: "weather", args: ARGS };

test.each<[places: string, message: unknown, calls: number]>([
  ["LangChain and OpenAI's own", { tool_calls: [LANGCHAIN], additional_kwargs: { tool_calls: [OPENAI] } }, 1],
  [
    "LangChain and Anthropic's block",
    { tool_calls: [LANGCHAIN], content: [{ type: "tool_use", id: "c1", name: "weather", input: ARGS }] },
    1,
  ],
  [
    "LangChain with ids and Gemini's part without",
    { tool_calls: [LANGCHAIN], content: [{ functionCall: { name: "weather", args: ARGS } }] },
    1,
  ],
  [
    "LangChain and an item with two ids",
    {
      tool_calls: [LANGCHAIN],
      content: [{ type: "function_call", id: "fc", call_id: "c1", name: "weather", arguments: JSON_ARGS }],
    },
    1,
  ],
  [
    "LangChain and a function call",
    {
      tool_calls: [LANGCHAIN],
      additional_kwargs: { function_call: { name: "weather", arguments: JSON_ARGS } },
    },
    1,
  ],
  [
    "a valid and an invalid one, both among OpenAI's own",
    {
      tool_calls: [LANGCHAIN],
      invalid_tool_calls: [{ id: "c2", name: "weather", args: "{" }],
      additional_kwargs: { tool_calls: [OPENAI, { ...OPENAI, id: "c2" }] },
    },
    2,
  ],
  [
    "two equal calls of Gemini",
    { parts: [{ functionCall: { name: "f", args: {} } }, { functionCall: { name: "f", args: {} } }] },
    2,
  ],
  ["no call", { content: "none", tool_calls: [] }, 0],
])("calls that stand in several places are counted once: %s", (_, message, count) => {
  expect(toolCallsOf(message)).toHaveLength(count);
});

test("calls that the provider carries out, or whose result is there, are not open", () => {
  const message = {
    content: [
      { type: "server_tool_use", id: "s", name: "web_search", input: { query: "x" } },
      { type: "tool-call", toolCallId: "p", toolName: "code", input: {}, providerExecuted: true },
    ],
    parts: [{ type: "tool-weather", toolCallId: "w", input: ARGS, output: "21" }],
  };
  expect(toolCallsOf(message).map(({ name, isOpen }) => [name, isOpen])).toEqual([
    ["web_search", false],
    ["code", false],
    ["weather", false],
  ]);
});

test("arguments that JSON has no form for have a text", () => {
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  const texts = [1n, cycle, { big: 2n }, undefined, () => 1].map((args) =>
    toolCallsOf({ tool_calls: [{ name: "f", args }] }).map(argumentsText),
  );
  expect(texts).toEqual([['"1"'], [expect.stringContaining('"self"')], ['{"big":"2"}'], [""], ["null"]]);
});

test("100,000 calls in two places are matched without a search each", () => {
  const calls = Array.from({ length: 100_000 }, (_, i) => ({ id: `c${i}`, name: "f", args: i }));
  expect(toolCallsOf({ tool_calls: calls, additional_kwargs: { tool_calls: calls } })).toHaveLength(100_000);
});
