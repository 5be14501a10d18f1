import { expect, test } from "vitest";
import type { LLMResult } from "../../src/core/payloads.ts";
import {
  AsyncFinalIteratorCallbackHandler,
  type AsyncFinalIteratorOptions,
} from "../../src/handlers/iterators/async-final-iterator.ts";
import { AsyncCallbackManager } from "../../src/managers/async-manager.ts";
import { isPending } from "../support/tasks.ts";

const MODEL = { name: "model" };
const CALL = { role: "assistant", tool_calls: [{ id: "1", function: { name: "search" } }] };

function setUp(options?: AsyncFinalIteratorOptions) {
  const handler = new AsyncFinalIteratorCallbackHandler(options);
  return {
    handler,
    manager: new AsyncCallbackManager({ handlers: [handler], inheritableHandlers: [handler] }),
  };
}

function resultOf(text: string, message?: unknown): LLMResult {
  return { generations: [[message === undefined ? { text } : { text, message }]] };
}

/** One model run: its tokens, then its end. Returns its result. */
async function think(
  manager: AsyncCallbackManager,
  tokens: readonly string[],
  message?: unknown,
): Promise<LLMResult> {
  const [run] = await manager.onLLMStart(MODEL, ["hi"]);
  for (const token of tokens) await run?.onLLMNewToken(token);
  const result = resultOf(tokens.join(""), message);
  await run?.onLLMEnd(result);
  return result;
}

async function readAll(tokens: AsyncIterable<string>): Promise<string[]> {
  const read: string[] = [];
  for await (const token of tokens) read.push(token);
  return read;
}

const THOUGHT = ["Thought", ":", " search", "\nAction", ":", " search"];
const ANSWER = ["Final", " Answer", ":", " ", "4", "2"];

test("only the tokens after the prefix come, at once, and the root ends the iteration", async () => {
  const { handler, manager } = setUp();
  const tokens = handler.aiter();
  const chain = await manager.onChainStart(MODEL, {});
  const first = tokens.next();
  await think(chain.getChild(), THOUGHT);
  expect(await isPending(first)).toBe(true);
  const result = await think(chain.getChild(), ["I know.", ...ANSWER]);
  expect((await first).value).toBe(" ");
  expect((await tokens.next()).value).toBe("4");
  expect((await tokens.next()).value).toBe("2");
  const end = tokens.next();
  expect(await isPending(end)).toBe(true);
  await chain.onChainEnd({});
  expect((await end).done).toBe(true);
  expect(await tokens.result).toBe(result);
});

test("streamPrefix includes the prefix, stripTokens: false compares tokens as they are", async () => {
  const cases: [AsyncFinalIteratorOptions, string[]][] = [
    [{ streamPrefix: true }, ["Final", " Answer", ":", " ", "4", "2"]],
    [{ stripTokens: false, answerPrefixTokens: ["Final", " Answer", ":"] }, [" ", "4", "2"]],
    [{ answerPrefixTokens: [" Answer ", ":"] }, [" ", "4", "2"]],
    [{ stripTokens: false, answerPrefixTokens: ["Answer"] }, ANSWER],
  ];
  for (const [options, expected] of cases) {
    const { handler, manager } = setUp(options);
    await think(manager, ANSWER);
    expect(await readAll(handler.aiter())).toEqual(expected);
  }
});

test("the prefix is looked for in each run separately", async () => {
  const { handler, manager } = setUp();
  const chain = await manager.onChainStart(MODEL, {});
  await think(chain.getChild(), ["x", "Final", "Answer"]);
  await think(chain.getChild(), [":", "no"]);
  await think(chain.getChild(), ["Final", "", "Answer", ":", "yes"]);
  await think(chain.getChild(), ["an afterthought"]);
  await chain.onChainEnd({});
  expect(await readAll(handler.aiter())).toEqual(["yes"]);
});

test("an agent that never prints the prefix gives its last text without tool calls, when the root ends", async () => {
  const { handler, manager } = setUp();
  const tokens = handler.aiter();
  const reading = readAll(tokens);
  const chain = await manager.onChainStart(MODEL, {});
  await think(chain.getChild(), ["not ", "yet"]);
  const tool = await chain.getChild().onToolStart(MODEL, "q");
  await tool.onToolEnd("r");
  const result = await think(chain.getChild(), ["It ", "is ", "42"]);
  await think(chain.getChild(), ["calling"], CALL);
  await think(chain.getChild(), ["calling"], { additional_kwargs: { function_call: { name: "f" } } });
  await think(chain.getChild(), ["calling"], { kwargs: CALL });
  await think(chain.getChild(), ["calling"], {
    content: [{ type: "tool_use", id: "1", name: "search", input: {} }],
  });
  await think(chain.getChild(), ["calling"], {
    role: "model",
    parts: [{ functionCall: { name: "search" } }],
  });
  expect(await isPending(reading)).toBe(true);
  await chain.onChainEnd({});
  expect(await reading).toEqual(["It ", "is ", "42"]);
  expect(await tokens.result).toBe(result);
});

test("a model that does not stream gives its text as one token", async () => {
  const { handler, manager } = setUp();
  const [run] = await manager.onChatModelStart(MODEL, [[{ role: "user", content: "?" }]]);
  await run?.onLLMEnd(resultOf("forty-two", { role: "assistant", tool_calls: [] }));
  expect(await readAll(handler.aiter())).toEqual(["forty-two"]);
});

test("an answer whose calls the provider has carried out is an answer, and has the text of its message", async () => {
  const { handler, manager } = setUp();
  const [run] = await manager.onChatModelStart(MODEL, [[{ role: "user", content: "?" }]]);
  const search = { type: "server_tool_use", id: "s", name: "web_search", input: { query: "?" } };
  await run?.onLLMEnd(
    resultOf("", { role: "assistant", content: [search, { type: "text", text: "forty-two" }] }),
  );
  expect(await readAll(handler.aiter())).toEqual(["forty-two"]);
});

test("traces at the same time give one iteration each", async () => {
  const { handler, manager } = setUp();
  const reading = [handler.aiter(), handler.aiter()].map(readAll);
  const one = await manager.onChainStart(MODEL, {});
  const two = await manager.onChainStart(MODEL, {});
  await Promise.all([think(two.getChild(), [...ANSWER, "two"]), think(one.getChild(), ["one"])]);
  await two.onChainEnd({});
  await one.onChainEnd({});
  expect(await Promise.all(reading)).toEqual([["one"], [" ", "4", "2", "two"]]);
});

test("a trace without a model run ends empty, or with its root's error", async () => {
  const { handler, manager } = setUp();
  await (await manager.onChainStart(MODEL, {})).onChainEnd({});
  const tokens = handler.aiter();
  expect(await readAll(tokens)).toEqual([]);
  expect(await tokens.result).toBeUndefined();
  const error = new Error("no key");
  await (await manager.onChainStart(MODEL, {})).onChainError(error);
  await expect(handler.aiter().next()).rejects.toBe(error);
});

test("the root's error ends the iteration; a model's error alone does not", async () => {
  const { handler, manager } = setUp();
  const tokens = handler.aiter();
  const chain = await manager.onChainStart(MODEL, {});
  const [run] = await chain.getChild().onLLMStart(MODEL, ["hi"]);
  await run?.onLLMError(new Error("retried"));
  const reading = tokens.next();
  expect(await isPending(reading)).toBe(true);
  const error = new Error("gave up");
  await chain.onChainError(error);
  expect(await reading.catch((reason: unknown) => reason)).toBe(error);
});

test("a model run that is the root ends or fails its iteration by itself", async () => {
  const { handler, manager } = setUp();
  const [run] = await manager.onLLMStart(MODEL, ["hi"]);
  const error = new Error("refused");
  await run?.onLLMError(error);
  const tokens = handler.aiter();
  expect(await tokens.next().catch((reason: unknown) => reason)).toBe(error);
});

test("leaving the answer aborts the trace's signal", async () => {
  const { handler, manager } = setUp();
  const chain = await manager.onChainStart(MODEL, {});
  const { signal } = handler;
  expect(handler.signalOf(chain.runId)).toBe(signal);
  const [run] = await chain.getChild().onLLMStart(MODEL, ["hi"]);
  for (const token of ANSWER) await run?.onLLMNewToken(token);
  for await (const token of handler.aiter()) if (token === "4") break;
  await run?.onLLMNewToken("dropped");
  expect(signal.aborted).toBe(true);
});

test("a prefix that is no list of strings is refused with a code", () => {
  const coded = expect.objectContaining({ code: "SIDECALL_OPTION_INVALID" });
  expect(() => setUp({ answerPrefixTokens: [] })).toThrow(coded);
  // @ts-expect-error tokens are strings
  expect(() => setUp({ answerPrefixTokens: [1] })).toThrow(coded);
});

test("the root's end is the end, even if a run below it never ends", async () => {
  const { handler, manager } = setUp();
  const chain = await manager.onChainStart(MODEL, {});
  await chain.getChild().onToolStart(MODEL, "cancelled");
  await think(chain.getChild(), ["done"]);
  await chain.onChainEnd({});
  expect(await readAll(handler.aiter())).toEqual(["done"]);
});

test("without the root's events, the runs that reach the handler are its trace", async () => {
  const handler = new AsyncFinalIteratorCallbackHandler();
  const chain = await new AsyncCallbackManager().onChainStart(MODEL, {});
  const below = chain.getChild();
  below.addHandler(handler);
  const inner = await below.onChainStart(MODEL, {});
  await think(inner.getChild(), ["one"]);
  await inner.onChainEnd({});
  await think(below, ["two"]);
  expect(await readAll(handler.aiter())).toEqual(["one"]);
  expect(await readAll(handler.aiter())).toEqual(["two"]);
});

const cycle: Record<string, unknown> = {};
cycle["kwargs"] = cycle;

test.each([
  ["is missing", {}],
  ["has no object in it", { generations: [[null]] }],
  ["cannot be read", { generations: [[{ text: "a", message: cycle }]] }],
])("an iteration ends where the response %s", async (_, response) => {
  const { handler, manager } = setUp();
  const tokens = handler.aiter();
  const [run] = await manager.onLLMStart(MODEL, ["hi"]);
  await run?.onLLMNewToken("a");
  await run?.onLLMEnd(response as LLMResult);
  expect(await readAll(tokens)).toEqual(["a"]);
});
