import fc from "fast-check";
import { describe, expect, expectTypeOf, test } from "vitest";
import {
  AsyncCallbackManager,
  AsyncFinalIteratorCallbackHandler,
  AsyncIteratorCallbackHandler,
  type AsyncIteratorOptions,
  type CallbackHandler,
  type ChoiceToken,
  FinalStreamingStdOutCallbackHandler,
  StreamingStdOutCallbackHandler,
  TokenQueue,
  TokenReader,
} from "../../src/index.ts";
import { ReaderWorker } from "../support/reader-worker.ts";

/* Model runs that are asked for several choices, whose tokens come mixed. */

/** A token with the number of its choice. */
type Step = readonly [completion: number, token: string];

const MIXED: readonly Step[] = [
  [1, "Bon"],
  [0, "Hel"],
  [1, "jour"],
  [0, ""],
  [0, "lo"],
];
const ANSWERS: readonly Step[] = [
  [0, "Final"],
  [1, "Let"],
  [0, " Answer"],
  [1, " me"],
  [0, ":"],
  [1, " think"],
  [0, " 42"],
  [1, "."],
];

function textsOf(steps: readonly Step[]): string[] {
  const texts: string[] = [];
  for (const [completion, token] of steps) texts[completion] = (texts[completion] ?? "") + token;
  return Array.from(texts, (text) => text ?? "");
}

async function play(
  handler: CallbackHandler,
  steps: readonly Step[],
  messages: readonly unknown[] = [],
): Promise<void> {
  const manager = new AsyncCallbackManager({ handlers: [handler] });
  const [run] = await manager.onLLMStart({ name: "model" }, ["greet me"]);
  for (const [completion, token] of steps)
    await run?.onLLMNewToken(token, { index: { prompt: 0, completion } });
  const generations = textsOf(steps).map((text, i) => ({ text, message: messages[i] }));
  await run?.onLLMEnd({ generations: [generations] });
}

async function readAll<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const read: Item[] = [];
  for await (const item of items) read.push(item);
  return read;
}

function sink() {
  const written: string[] = [];
  return { written, stream: { write: (text: string) => void written.push(text) } };
}

describe("a token iteration", () => {
  test("gives the first choice's tokens, as strings", async () => {
    for (const options of [undefined, {}, { choices: "first" }] as const) {
      const handler = new AsyncIteratorCallbackHandler(options);
      const tokens = handler.aiter();
      await play(handler, MIXED);
      expect(await readAll(tokens)).toEqual(["Hel", "lo"]);
    }
  });

  test("gives the tokens of all choices with their numbers, in the order in which they came", async () => {
    const handler = new AsyncIteratorCallbackHandler({ choices: "all" });
    await play(handler, MIXED);
    expect(await readAll(handler.aiter())).toEqual([
      { text: "Bon", index: 1 },
      { text: "Hel", index: 0 },
      { text: "jour", index: 1 },
      { text: "lo", index: 0 },
    ]);
  });

  test("gives the lowest choice of a provider that does not count from 0, once that is known", async () => {
    const handler = new AsyncIteratorCallbackHandler();
    await play(handler, [
      [2, "no"],
      [1, "y"],
      [2, "no"],
      [1, "es"],
    ]);
    expect(await readAll(handler.aiter())).toEqual(["y", "es"]);
  });

  test("ends with the choice that a model run without an end was giving", async () => {
    const handler = new AsyncIteratorCallbackHandler();
    const manager = new AsyncCallbackManager({ handlers: [handler], inheritableHandlers: [handler] });
    const chain = await manager.onChainStart(null, {});
    const [run] = await chain.getChild().onLLMStart(null, ["hi"]);
    await run?.onLLMNewToken("only", { index: { prompt: 0, completion: 1 } });
    await chain.onChainEnd({});
    expect(await readAll(handler.aiter())).toEqual(["only"]);
  });

  test("takes indexes that are none for the first choice's", async () => {
    const handler = new AsyncIteratorCallbackHandler({ choices: "all" });
    for (const index of [
      null,
      {},
      { completion: "1" },
      { completion: -1 },
      { completion: 0.5 },
      { completion: 2 ** 32 },
    ]) {
      const manager = new AsyncCallbackManager({ handlers: [handler] });
      const [run] = await manager.onLLMStart(null, ["hi"]);
      await run?.onLLMNewToken("a", { index: index as never });
      await run?.onLLMEnd({ generations: [] });
      expect(await readAll(handler.aiter())).toEqual([{ text: "a", index: 0 }]);
    }
  });

  test("of all choices is read on another thread as here", async () => {
    const handler = new AsyncIteratorCallbackHandler({ choices: "all", queueBytes: 1024 });
    const { report } = new ReaderWorker({ queue: handler.queue });
    const steps = Array.from(
      { length: 500 },
      (_, i): Step => [i % 3 === 2 ? 70_000 : i % 3, `é${i}€`.repeat(i % 90)],
    );
    await play(handler, steps);
    const wanted = steps.filter(([, text]) => text !== "").map(([index, text]) => ({ text, index }));
    expect((await report).tokens).toEqual(wanted);
  });

  test("keeps any choices apart, each in its order", async () => {
    const step = fc.tuple(fc.nat({ max: 3 }), fc.string({ maxLength: 5 }));
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const all = new AsyncIteratorCallbackHandler({ choices: "all" });
        const first = new AsyncIteratorCallbackHandler();
        const { written, stream } = sink();
        await play(all, steps);
        await play(first, steps);
        await play(new StreamingStdOutCallbackHandler({ stream }), steps);
        const texts: string[] = textsOf(steps).map(() => "");
        for (const { text, index } of await readAll(all.aiter())) texts[index] += text;
        expect(texts).toEqual(textsOf(steps));
        const lowest = texts.find((text) => text !== "") ?? "";
        expect((await readAll(first.aiter())).join("")).toBe(lowest);
        expect(written.join("")).toBe(lowest);
      }),
      { numRuns: 100 },
    );
  });

  test("has items of the type that its option names", () => {
    const handler = new AsyncIteratorCallbackHandler({ choices: "all" });
    expectTypeOf(handler.aiter().next()).resolves.toEqualTypeOf<IteratorResult<ChoiceToken, undefined>>();
    expectTypeOf(new TokenReader(handler.queue)).toEqualTypeOf<TokenReader<ChoiceToken>>();
    const options: AsyncIteratorOptions = { queueBytes: 1024 };
    expectTypeOf(new AsyncIteratorCallbackHandler(options)).toEqualTypeOf<AsyncIteratorCallbackHandler>();
    const final = new AsyncFinalIteratorCallbackHandler({ choices: "all", streamPrefix: true });
    expectTypeOf(final.aiter().next()).resolves.toEqualTypeOf<IteratorResult<ChoiceToken, undefined>>();
    const coded = expect.objectContaining({ code: "SIDECALL_OPTION_INVALID" });
    // @ts-expect-error there is no such choice
    expect(() => new AsyncIteratorCallbackHandler({ choices: "last" })).toThrow(coded);
  });
});

test("a token queue carries choices, and refuses items that are none", async () => {
  const queue = new TokenQueue<ChoiceToken>();
  await queue.push({ text: "x", index: 2 ** 32 - 1 });
  for (const index of [-1, 0.5, 2 ** 32, "1", undefined])
    await expect(queue.push({ text: "x", index: index as number })).rejects.toMatchObject({
      code: "SIDECALL_OPTION_INVALID",
    });
  await queue.end();
  expect(await readAll(new TokenReader(queue.shared))).toEqual([{ text: "x", index: 2 ** 32 - 1 }]);
});

describe("a final answer", () => {
  test("is looked for in the first choice", async () => {
    const handler = new AsyncFinalIteratorCallbackHandler();
    await play(handler, ANSWERS);
    expect(await readAll(handler.aiter())).toEqual([" 42"]);
    const { written, stream } = sink();
    await play(new FinalStreamingStdOutCallbackHandler({ stream }), ANSWERS);
    expect(written).toEqual([" 42"]);
  });

  test("is looked for in each choice by itself", async () => {
    const handler = new AsyncFinalIteratorCallbackHandler({ choices: "all" });
    await play(handler, [...ANSWERS, ...ANSWERS.map(([completion, token]): Step => [completion + 2, token])]);
    expect(await readAll(handler.aiter())).toEqual([
      { text: " 42", index: 0 },
      { text: " 42", index: 2 },
    ]);
  });

  test("without its prefix is the first choice's text, whatever the others call", async () => {
    const call = { role: "assistant", tool_calls: [{ id: "1", function: { name: "f", arguments: "{}" } }] };
    const all = new AsyncFinalIteratorCallbackHandler({ choices: "all" });
    await play(all, MIXED, [undefined, call]);
    const first = new AsyncFinalIteratorCallbackHandler();
    await play(first, MIXED, [undefined, call]);
    expect(await readAll(first.aiter())).toEqual(["Hel", "lo"]);
    expect(await readAll(all.aiter())).toEqual([
      { text: "Hel", index: 0 },
      { text: "lo", index: 0 },
    ]);
    const calling = new AsyncFinalIteratorCallbackHandler();
    await play(calling, MIXED, [call]);
    expect(await readAll(calling.aiter())).toEqual([]);
  });

  test("is found in a choice of any number", async () => {
    const handler = new AsyncFinalIteratorCallbackHandler({ choices: "all" });
    await play(handler, [
      [0, "a"],
      [2 ** 32 - 1, "b"],
    ]);
    expect(await readAll(handler.aiter())).toEqual([
      { text: "a", index: 0 },
      { text: "b", index: 2 ** 32 - 1 },
    ]);
  });

  test("of a provider that does not count from 0 comes with the end", async () => {
    const handler = new AsyncFinalIteratorCallbackHandler();
    await play(
      handler,
      ANSWERS.filter(([completion]) => completion === 0).map(([, token]): Step => [1, token]),
    );
    expect(await readAll(handler.aiter())).toEqual([" 42"]);
  });
});

test("the printing handler prints the first choice as it comes", async () => {
  const { written, stream } = sink();
  await play(new StreamingStdOutCallbackHandler({ stream }), MIXED);
  expect(written).toEqual(["Hel", "lo"]);
});
