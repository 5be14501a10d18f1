import { setTimeout as delay } from "node:timers/promises";
import { expect } from "vitest";
import {
  AsyncCallbackManager,
  AsyncFinalIteratorCallbackHandler,
  AsyncIteratorCallbackHandler,
  type EventRecord,
  InMemoryTracer,
  StreamingStdOutCallbackHandler,
  streamEvents,
  type TokenContent,
} from "../../src/index.ts";
import { collectFailures, PLACEMENTS } from "../placements.ts";
import { collectWarnings } from "../support/warnings.ts";
import { taken, withPlaced } from "./placed.ts";
import { NO_PLACEMENT, other } from "./row.ts";

type Token = EventRecord<"on_llm_new_token">;

/** Contents of deltas as models send them, with the text that each brings. */
const CONTENTS: readonly (readonly [content: unknown, text: string])[] = [
  [null, ""],
  ["Hel", "Hel"],
  [undefined, ""],
  ["", ""],
  [[{ type: "text", text: "lo" }], "lo"],
  [[{ type: "tool_use", id: "1", name: "f", input: {} }], ""],
  [
    [
      { type: "text", text: " w" },
      { type: "image_url", image_url: "x" },
      { type: "text", text: "or" },
    ],
    " wor",
  ],
  [[], ""],
  [[null, undefined], ""],
  [{ text: "ld" }, "ld"],
  [7, ""],
  [Symbol("token"), ""],
  [
    [
      {
        get text() {
          throw new Error("hostile");
        },
      },
    ],
    "",
  ],
];
const TEXT = CONTENTS.map(([, text]) => text).join("");

async function answer(manager: AsyncCallbackManager): Promise<void> {
  const [run] = await manager.onChatModelStart({ name: "m" }, [[{ role: "user", content: "?" }]]);
  for (const [content] of CONTENTS) await run?.onLLMNewToken(content as TokenContent);
  await run?.onLLMEnd({ generations: [[{ text: TEXT }]] });
}

other("t2", PLACEMENTS, async (placement) => {
  await withPlaced(placement, ["Recorder"], async (placed) => {
    const failures = await collectFailures(async () => {
      await answer(new AsyncCallbackManager({ handlers: [placed.handler] }));
      // Beside another handler, tokens go by records.
      await answer(new AsyncCallbackManager({ handlers: [placed.handler, new InMemoryTracer()] }));
      await placed.flush();
    });
    expect(failures).toEqual([]);
    const records = await taken<Token>(placed);
    const texts = records.filter(({ event }) => event === "on_llm_new_token").map(({ token }) => token);
    const wanted = [...CONTENTS, ...CONTENTS].map(([, text]) => text);
    if (placement.isOrdered) expect(texts).toEqual(wanted);
    else expect(texts.sort()).toEqual(wanted.sort());
  });
});

other("t2", NO_PLACEMENT, async () => {
  let printed = "";
  const stream = {
    write(text: string) {
      expect(typeof text).toBe("string");
      printed += text;
    },
  };
  const failures = await collectFailures(async () => {
    for (const handler of [new AsyncIteratorCallbackHandler(), new AsyncFinalIteratorCallbackHandler()]) {
      const early = handler.aiter();
      await answer(new AsyncCallbackManager({ handlers: [handler] }));
      await answer(new AsyncCallbackManager({ handlers: [handler] }));
      for (const tokens of [early, handler.aiter()]) {
        let text = "";
        for await (const token of tokens) text += token;
        expect(text).toBe(TEXT);
      }
    }
    await answer(new AsyncCallbackManager({ handlers: [new StreamingStdOutCallbackHandler({ stream })] }));
  });
  expect(failures).toEqual([]);
  expect(printed).toBe(TEXT);
});

/** A conversation model with two choices; `options`: of the start. */
async function twoChoices(manager: AsyncCallbackManager, options: object): Promise<void> {
  const [run] = await manager.onChatModelStart({ name: "m" }, [[{ role: "user", content: "?" }]], options);
  for (const [completion, token] of [
    [0, "Hel"],
    [1, "Bon"],
    [0, "lo"],
  ] as const)
    await run?.onLLMNewToken(token, { index: { prompt: 0, completion } });
  await run?.onLLMEnd({ generations: [[{ text: "Hello" }, { text: "Bon" }]] });
}

other("t1", PLACEMENTS, async (placement) => {
  await withPlaced(placement, ["Recorder"], async (placed) => {
    await twoChoices(new AsyncCallbackManager({ handlers: [placed.handler] }), {});
    const records = await taken<Token>(placed);
    const tokens = records.filter(({ event }) => event === "on_llm_new_token");
    const choices = [0, 1].map((choice) =>
      tokens.filter(({ index }) => index.completion === choice).map(({ token }) => token),
    );
    expect(choices.map((texts) => texts.sort())).toEqual([["Hel", "lo"], ["Bon"]]);
  });
});

other("t1", NO_PLACEMENT, async () => {
  for (const options of [
    { extra: { invocationParams: { n: 2 } } },
    { extra: { invocation_params: { n: 2 } } },
    {},
  ]) {
    const chunks: unknown[] = [];
    for await (const { event, data } of streamEvents(({ callbacks }) => twoChoices(callbacks, options)))
      if (event === "on_chat_model_stream") chunks.push(data);
    const isDeclared = "extra" in options;
    const chunk = (content: string) => expect.objectContaining({ type: "ai", content });
    expect(chunks).toEqual([
      // Before a token of another choice, a run that was not asked for several may have one.
      isDeclared ? { chunk: chunk("Hel"), index: { prompt: 0, completion: 0 } } : { chunk: chunk("Hel") },
      { chunk: chunk("Bon"), index: { prompt: 0, completion: 1 } },
      { chunk: chunk("lo"), index: { prompt: 0, completion: 0 } },
    ]);
  }
});

/** Sends more tokens than a queue holds. */
async function longAnswer(manager: AsyncCallbackManager): Promise<string[]> {
  const tokens = Array.from({ length: 300 }, (_, i) => `token ${i} `);
  const [run] = await manager.onLLMStart({ name: "m" }, ["?"]);
  for (const token of tokens) await run?.onLLMNewToken(token);
  await run?.onLLMEnd({ generations: [[{ text: tokens.join("") }]] });
  return tokens;
}

other("t3", NO_PLACEMENT, async () => {
  const handler = new AsyncIteratorCallbackHandler({ queueBytes: 1024, readerGraceMillis: 10 });
  const reading = handler.aiter("run-17");
  const warnings = await collectWarnings(async () => {
    const tokens = await longAnswer(
      new AsyncCallbackManager({ handlers: [handler], inheritableHandlers: [handler] }),
    );
    const read: string[] = [];
    for await (const token of handler.aiter()) read.push(token);
    expect(read).toEqual(tokens);
  });
  expect(warnings).toEqual([]);
  await reading.return();
});

other("t3", NO_PLACEMENT, async () => {
  const handler = new AsyncIteratorCallbackHandler({ queueBytes: 1024, readerGraceMillis: 10 });
  const reading = handler.aiter();
  const never = handler.aiter();
  const manager = new AsyncCallbackManager({ handlers: [handler] });
  const warnings = await collectWarnings(async () => {
    const tokens = await longAnswer(manager);
    const read: string[] = [];
    for await (const token of reading) read.push(token);
    expect(read).toEqual(tokens);
    await longAnswer(manager);
  });
  expect(warnings).toEqual([expect.stringMatching(/^run /), expect.stringMatching(/^run /)]);
  await never.return();
});

other("t3", NO_PLACEMENT, async () => {
  const handler = new AsyncIteratorCallbackHandler({
    queueBytes: 1024,
    readerGraceMillis: Number.POSITIVE_INFINITY,
  });
  handler.aiter();
  const abort = new AbortController();
  const manager = new AsyncCallbackManager({ handlers: [handler], signal: abort.signal });
  const answering = longAnswer(manager);
  setImmediate(() => abort.abort());
  const error: unknown = await answering.catch((reason: unknown) => reason);
  expect(error).toBe(abort.signal.reason);
});

other("t3", NO_PLACEMENT, async () => {
  const handler = new AsyncIteratorCallbackHandler({ queueBytes: 1024, readerGraceMillis: 10 });
  const warnings = await collectWarnings(async () => {
    const tokens = await longAnswer(new AsyncCallbackManager({ handlers: [handler] }));
    const reading = handler.aiter();
    // The run is over: it waits for no reader, and there is nothing to warn of.
    await delay(30);
    const read: string[] = [];
    for await (const token of reading) read.push(token);
    expect(read).toEqual(tokens);
  });
  expect(warnings).toEqual([]);
});
