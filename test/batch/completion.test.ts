import type { ChatCompletionChunk } from "openai/resources/chat/completions";
import { expect, test } from "vitest";
import { CompletionBuilder } from "../../src/batch/completion.ts";
import { chunk } from "../fixtures/http.ts";

function build(...chunks: object[]): CompletionBuilder {
  const builder = new CompletionBuilder();
  for (const each of chunks) builder.add(each as ChatCompletionChunk);
  return builder;
}

test("joins text and keeps usage and finish reason", () => {
  const details = { completion_tokens_details: { reasoning_tokens: 1 } };
  const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5, ...details };
  const builder = build(
    chunk({ role: "assistant", content: "" }),
    chunk({ content: "Hel" }),
    chunk({ content: "lo" }),
    chunk({}, "stop"),
    { id: "chatcmpl-1", choices: [], usage },
  );
  expect(builder.isFinished).toBe(true);
  expect(builder.body()).toEqual({
    id: "chatcmpl-1",
    created: 1,
    model: "m",
    object: "chat.completion",
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: "Hello", refusal: null },
        logprobs: null,
        finish_reason: "stop",
      },
    ],
    usage,
  });
  expect(builder.result("asked")).toEqual({
    generations: [
      [
        {
          text: "Hello",
          message: { role: "assistant", content: "Hello", refusal: null },
          generationInfo: { finishReason: "stop" },
        },
      ],
    ],
    llmOutput: {
      tokenUsage: { promptTokens: 3, completionTokens: 2, totalTokens: 5 },
      usage,
      modelName: "m",
      finishReason: "stop",
    },
  });
});

test("joins parallel tool calls, whether or not a server repeats names and ids", () => {
  const call = (index: number, args: string, head: object = {}) =>
    chunk({ tool_calls: [{ index, ...head, function: { name: `f${index}`, arguments: args } }] });
  const builder = build(
    chunk({ role: "assistant", content: null }),
    call(1, "", { id: "b", type: "function" }),
    call(0, "", { id: "a", type: "function" }),
    call(0, '{"x"', { id: "a", type: "function" }),
    call(1, "{}"),
    call(0, ":1}"),
    chunk({}, "tool_calls"),
  );
  expect(builder.body()).toMatchObject({
    choices: [
      {
        message: {
          content: null,
          tool_calls: [
            { id: "a", type: "function", function: { name: "f0", arguments: '{"x":1}' } },
            { id: "b", type: "function", function: { name: "f1", arguments: "{}" } },
          ],
        },
      },
    ],
  });
  expect(JSON.stringify(builder.body())).not.toContain('"index":1');
});

test("joins parts of one tool call within one chunk, also within the first", () => {
  const part = (args: string) => ({ index: 0, function: { arguments: args } });
  const builder = build(
    chunk({ tool_calls: [{ ...part('{"x"'), id: "a" }, part(":")] }),
    chunk({ tool_calls: [part("1"), part("}")] }),
    chunk({}, "tool_calls"),
  );
  expect(builder.body()).toMatchObject({
    choices: [{ message: { tool_calls: [{ id: "a", function: { arguments: '{"x":1}' } }] } }],
  });
});

test("keeps choices apart and in order", () => {
  const builder = build(
    chunk({ content: "b" }, null, 1),
    chunk({ content: "a" }, "stop", 0),
    chunk({}, "stop", 1),
  );
  expect(builder.result("m").generations[0]?.map(({ text }) => text)).toEqual(["a", "b"]);
});

test("is unfinished until every choice has a finish reason", () => {
  expect(build().isFinished).toBe(false);
  expect(build(chunk({ content: "a" }, "stop", 0), chunk({ content: "b" }, null, 1)).isFinished).toBe(false);
});

test("keeps and joins fields that only some servers send", () => {
  const logprobs = (token: string) => ({ content: [{ token }] });
  const withLogprobs = (token: string) => ({
    id: "x",
    choices: [{ index: 0, delta: { content: token, reasoning_content: "so " }, logprobs: logprobs(token) }],
  });
  const body = build(withLogprobs("a"), withLogprobs("b"), chunk({}, "stop")).body();
  expect(body).toMatchObject({
    choices: [
      {
        message: { content: "ab", reasoning_content: "so so " },
        logprobs: { content: [{ token: "a" }, { token: "b" }] },
      },
    ],
  });
});

test("a hostile chunk neither changes prototypes nor makes a huge list", () => {
  const hostile = JSON.parse(
    '{"content":"a","__proto__":{"polluted":1},"tool_calls":[{"index":1000000000,"id":"x"}]}',
  );
  const body = build(chunk(hostile), chunk({}, "stop")).body();
  expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  expect(JSON.stringify(body).length).toBeLessThan(500);
});

test("chunks without choices, delta or index do no harm", () => {
  const builder = build({ id: "x" }, { id: "x", choices: [{ finish_reason: "stop" }] });
  expect(builder.isFinished).toBe(true);
  expect(builder.result("m").generations[0]?.[0]?.text).toBe("");
});
