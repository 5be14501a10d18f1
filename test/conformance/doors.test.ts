import { BaseCallbackHandler as LangChainHandler } from "@langchain/core/callbacks/base";
import { expect, test } from "vitest";
import {
  type AnyEventRecord,
  AsyncCallbackManager,
  type CallbackHandler,
  InMemoryTracer,
  JsonLinesTracer,
  streamEvents,
  UsageMetadataCallbackHandler,
} from "../../src/index.ts";
import { scratch } from "../fixtures/scratch.ts";
import { collectFailures, PLACEMENTS } from "../placements.ts";
import { collectWarnings } from "../support/warnings.ts";
import { taken, withPlaced } from "./placed.ts";
import { NO_PLACEMENT, other } from "./row.ts";

/* Mistakes of callers and of handlers' authors, and their messages. */

other("h1", NO_PLACEMENT, () => {
  const handler = LangChainHandler.fromMethods({ handleLLMNewToken() {} }) as CallbackHandler;
  expect(() => new AsyncCallbackManager({ handlers: [handler] })).toThrow(
    /handleLLMNewToken \(here onLLMNewToken\)/,
  );
});

const names = (records: readonly AnyEventRecord[]) =>
  [...records].sort((a, b) => a.timestamp - b.timestamp).map(({ event }) => event);
const ended = (runId: string, text: RegExp, event: string) => ({
  event,
  runId,
  isMisuse: true,
  error: { code: "SIDECALL_RUN_ENDED", message: expect.stringMatching(text) },
});

test.each(PLACEMENTS)(
  "events after a run's end are delivered and reported once for the run [$name]",
  async (placement) => {
    await withPlaced(placement, ["Recorder"], async (placed) => {
      const manager = new AsyncCallbackManager({ handlers: [placed.handler] });
      const [run] = await manager.onLLMStart({ name: "m" }, ["q"], { name: "ask" });
      const chain = await manager.onChainStart(null, {});
      const failures = await collectFailures(async () => {
        await run?.onLLMNewToken("in time");
        await run?.onLLMEnd({ generations: [] });
        await run?.onLLMNewToken("late");
        await run?.onLLMNewToken("later", { index: { prompt: 0, completion: 1 } });
        await run?.onText("later still");
        await chain.onChainError(new Error("bad"));
        await chain.onChainStream("late");
        await chain.onCustomEvent("late", 1);
        await placed.flush();
      });
      expect(failures).toMatchObject([
        ended(
          run?.runId ?? "",
          /no on_llm_new_token of run `ask` \([0-9a-f-]+\) after its end/,
          "on_llm_new_token",
        ),
        ended(chain.runId, /no on_chain_stream of run [0-9a-f-]+ after its end/, "on_chain_stream"),
      ]);
      const records = await taken<AnyEventRecord>(placed);
      expect(names(records.filter(({ runId }) => runId === run?.runId))).toEqual([
        "on_llm_start",
        "on_llm_new_token",
        "on_llm_end",
        "on_llm_new_token",
        "on_llm_new_token",
        "on_text",
      ]);
      expect(records.filter(({ runId }) => runId === chain.runId)).toHaveLength(4);
    });
  },
);

const WRONG: readonly unknown[] = [
  undefined,
  null,
  "text",
  {},
  { generations: undefined },
  { generations: [{ text: "flat" }] },
  { generations: { 0: [] } },
  {
    get generations() {
      throw new Error("unreadable");
    },
  },
];

test.each(PLACEMENTS)(
  "a response without generations is delivered and reported [$name]",
  async (placement) => {
    await withPlaced(placement, ["Recorder"], async (placed) => {
      const manager = new AsyncCallbackManager({ handlers: [placed.handler] });
      const failures = await collectFailures(async () => {
        for (const response of WRONG) {
          const [run] = await manager.onLLMStart({ name: "m" }, ["q"]);
          await run?.onLLMEnd(response as never);
        }
        const [run] = await manager.onLLMStart({ name: "m" }, ["q"]);
        await run?.onLLMError(new Error("bad"), { response: "text" as never });
        const retriever = await manager.onRetrieverStart(null, "q");
        await retriever.onRetrieverEnd("document" as never);
        await placed.flush();
      });
      const records = await taken<AnyEventRecord>(placed);
      const wrong = (event: string, option: string) => ({
        event,
        isMisuse: true,
        error: {
          code: "SIDECALL_OPTION_INVALID",
          message: expect.stringContaining(`Expected \`${option}\` to be`),
        },
      });
      expect(failures).toMatchObject([
        ...WRONG.map(() => wrong("on_llm_end", "response")),
        wrong("on_llm_error", "response"),
        wrong("on_retriever_end", "documents"),
      ]);
      expect(records.filter(({ event }) => event === "on_llm_end")).toHaveLength(WRONG.length);
      expect(records).toHaveLength(2 * WRONG.length + 4);
    });
  },
);

const path = scratch();

test("handlers and tracers survive a response without generations, and so does the event stream", async () => {
  const tracer = new InMemoryTracer();
  const file = new JsonLinesTracer({ path: path("trace.jsonl") });
  const callbacks = [tracer, file, new UsageMetadataCallbackHandler()];
  const failures = await collectFailures(async () => {
    for (const response of WRONG.slice(0, -1)) {
      for (const start of ["onLLMStart", "onChatModelStart"] as const) {
        const stream = streamEvents(
          async ({ callbacks: manager }) => {
            const inputs = start === "onLLMStart" ? ["q"] : [[{ role: "user", content: "q" }]];
            const [run] = await manager[start]({ name: "m" }, inputs as never);
            await run?.onLLMEnd(response as never);
          },
          { callbacks },
        );
        const events: string[] = [];
        for await (const { event } of stream) events.push(event);
        expect(events).toEqual(
          start === "onLLMStart"
            ? ["on_llm_start", "on_llm_end"]
            : ["on_chat_model_start", "on_chat_model_end"],
        );
      }
    }
    await file.close();
  });
  expect(failures.every(({ isMisuse }) => isMisuse)).toBe(true);
  expect(failures).toHaveLength(2 * (WRONG.length - 1));
  expect(tracer.runs.map(({ error }) => error)).toEqual(failures.map(() => null));
});

test("the warning of a second end names the run and no handler", async () => {
  const run = await new AsyncCallbackManager({ handlers: [{ onText() {} }] }).onChainStart(
    null,
    {},
    { name: "job" },
  );
  const warnings = await collectWarnings(async () => {
    await run.onChainEnd(1);
    await run.onChainError(new Error("late"));
  });
  const text = `run manager was misused at on_chain_error of run ${run.runId}: SidecallError: Expected one end or error of run \`job\` (${run.runId}), got on_chain_error after it had ended.`;
  expect(warnings).toEqual([expect.stringContaining(text)]);
});

test("runs without handlers report no mistakes", async () => {
  const failures = await collectFailures(async () => {
    const [run] = await new AsyncCallbackManager().onLLMStart(null, ["q"]);
    await run?.onLLMEnd("text" as never);
    await run?.onLLMEnd("text" as never);
    await run?.onLLMNewToken("late");
  });
  expect(failures).toEqual([]);
});
