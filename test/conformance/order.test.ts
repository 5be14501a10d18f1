import { expect } from "vitest";
import {
  type AnyEventRecord,
  AsyncCallbackManager,
  type CallbackHandler,
  dispatchCustomEvent,
  InMemoryTracer,
  traceAsChainGroup,
  withContext,
} from "../../src/index.ts";
import { collectFailures, PLACEMENTS } from "../placements.ts";
import { gate } from "../support/gate.ts";
import { INLINE, OFF_THREAD, ORDERED, taken, withPlaced } from "./placed.ts";
import { NO_PLACEMENT, other } from "./row.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A `runInline` handler that takes its time at each token: the later ones are done first, if they may. */
function moderator(count: number) {
  const gates = Array.from({ length: count }, gate);
  const handler: CallbackHandler = {
    runInline: true,
    onLLMNewToken: ({ token }) => gates[Number(token)]?.opened,
    onCustomEvent: () => gates[0]?.opened,
  };
  const openAll = async () => {
    for (const each of gates.toReversed()) {
      each.open();
      await turn();
    }
  };
  return { handler, openAll };
}

other("o1", ORDERED, async (placement) => {
  await withPlaced(placement, ["Recorder"], async (placed) => {
    const { handler, openAll } = moderator(5);
    const manager = new AsyncCallbackManager({ handlers: [placed.handler, handler] });
    const [run] = await manager.onLLMStart({ name: "m" }, ["q"]);
    for (let i = 0; i < 5; i += 1) void run?.onLLMNewToken(`${i}`);
    const end = run?.onLLMEnd({ generations: [[{ text: "01234" }]] });
    await openAll();
    await end;
    const seen = (await taken<AnyEventRecord>(placed)).map((each) =>
      "token" in each ? each.token : each.event,
    );
    expect(seen).toEqual(["on_llm_start", "0", "1", "2", "3", "4", "on_llm_end"]);
  });
});

other("o2", INLINE, async () => {
  const [{ handler, openAll }, tracer] = [moderator(1), new InMemoryTracer()];
  const run = await new AsyncCallbackManager({ handlers: [handler, tracer] }).onChainStart({ name: "c" }, {});
  void run.onCustomEvent("progress", 1);
  const end = run.onChainEnd({});
  await openAll();
  await end;
  expect(tracer.runs[0]?.events).toMatchObject([{ eventName: "progress" }]);
});

other("o3", OFF_THREAD, async (placement) => {
  await withPlaced(placement, ["Recorder"], async (placed) => {
    const { handler, openAll } = moderator(1);
    const changes: CallbackHandler = {
      onCustomEvent: ({ data }) => {
        (data as { n: number }).n = 2;
      },
    };
    const manager = new AsyncCallbackManager({ handlers: [changes, handler, placed.handler] });
    const data = { n: 1 };
    const sent = manager.onCustomEvent("progress", data);
    data.n = 3;
    await openAll();
    await sent;
    expect(await taken(placed)).toMatchObject([{ data: { n: 1 } }]);
  });
});

/** The rejections that are unhandled until some turns after `body`. */
async function unhandledIn(body: () => unknown): Promise<unknown[]> {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  process.on("unhandledRejection", note);
  await body();
  for (let i = 0; i < 4; i += 1) await turn();
  process.off("unhandledRejection", note);
  return unhandled;
}

other("o4", PLACEMENTS, async (placement) => {
  await withPlaced(placement, ["Recorder"], async ({ handler }) => {
    const controller = new AbortController();
    const manager = new AsyncCallbackManager({ handlers: [handler], signal: controller.signal });
    const run = await manager.onChainStart(null, {});
    const failures = await collectFailures(async () => {
      const unhandled = await unhandledIn(() => {
        void run.onText("under way");
        controller.abort();
        void run.onText("late");
        void manager.onChainStart(null, {});
        void manager.onCustomEvent("progress", 1);
        void dispatchCustomEvent("progress", 1, { callbacks: run });
        withContext({ run }, () => void dispatchCustomEvent("progress", 1));
      });
      expect(unhandled).toEqual([]);
    });
    expect(failures).toEqual([]);
  });
});

other("o5", NO_PLACEMENT, async () => {
  const failing: CallbackHandler = {
    name: "failing",
    raiseError: true,
    onText: () => Promise.reject(new Error("no")),
  };
  const run = await new AsyncCallbackManager({ handlers: [failing] }).onChainStart(null, {});
  const failures = await collectFailures(async () => {
    const unhandled = await unhandledIn(() => {
      void run.onText("text");
      void dispatchCustomEvent("progress", 1);
    });
    expect(unhandled).toEqual([]);
  });
  const about = failures.map(({ handler, event }) => [handler, event]);
  expect(about).toEqual([
    ["failing", "on_text"],
    ["dispatchCustomEvent", "on_custom_event"],
  ]);
});

async function answer(): Promise<void> {
  const [run] = await AsyncCallbackManager.configure().onLLMStart({ name: "app" }, ["q"]);
  await run?.onLLMEnd({ generations: [[{ text: "a" }]] });
}

other("o6", PLACEMENTS, async (placement) => {
  for (const runInline of [false, true]) {
    await withPlaced(placement, [["Judge", { runInline }]], async (placed) => {
      const handlers = [placed.handler];
      await withContext({ handlers }, answer);
      await traceAsChainGroup("group", { callbacks: handlers }, answer);
      const calls = await taken<number>(placed, "all");
      expect(calls.reduce((sum, each) => sum + each, 0)).toBe(2);
    });
  }
});
