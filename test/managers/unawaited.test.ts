import { expect, test } from "vitest";
import {
  AsyncCallbackManager,
  type CallbackHandler,
  dispatchCustomEvent,
  offThread,
  startChainGroup,
  streamEvents,
  traceAsChainGroup,
  withContext,
} from "../../src/index.ts";
import { fixture } from "../fixtures/modules.ts";
import { collectRejections } from "../support/rejections.ts";

const { unhandled, reports } = collectRejections();

const turn = () => new Promise((resolve) => setImmediate(resolve));
/** Long enough for a promise to count as unhandled, and for a call without `await` to be reported. */
async function turns() {
  for (let i = 0; i < 6; i += 1) await turn();
}

async function everyKind(handlers: readonly CallbackHandler[], signal?: AbortSignal) {
  const manager = new AsyncCallbackManager({ handlers, inheritableHandlers: handlers, signal });
  const group = await startChainGroup("g", { callbacks: manager });
  const chain = await manager.onChainStart(null, {});
  const child = chain.getChild();
  const [tool, retriever] = [await child.onToolStart(null, "in"), await child.onRetrieverStart(null, "q")];
  const [llm] = await child.onLLMStart(null, ["p"]);
  if (llm === undefined) throw new Error("no run");
  return { manager, group, chain, tool, retriever, llm };
}
type Runs = Awaited<ReturnType<typeof everyKind>>;
type Call = (runs: Runs) => unknown;

const STARTS: Readonly<Record<string, Call>> = {
  "manager.onLLMStart": ({ manager }) => manager.onLLMStart(null, ["p"]),
  "manager.onChatModelStart": ({ manager }) => manager.onChatModelStart(null, [[]]),
  "manager.onChainStart": ({ manager }) => manager.onChainStart(null, {}),
  "manager.onToolStart": ({ manager }) => manager.onToolStart(null, "in"),
  "manager.onRetrieverStart": ({ manager }) => manager.onRetrieverStart(null, "q"),
};
const DATA: Readonly<Record<string, Call>> = {
  "manager.onCustomEvent": ({ manager }) => manager.onCustomEvent("e", 1),
  "dispatchCustomEvent in a context": ({ chain }) =>
    withContext({ run: chain }, () => dispatchCustomEvent("e", 1)),
  "dispatchCustomEvent to a run": ({ chain }) => dispatchCustomEvent("e", 1, { callbacks: chain }),
  "llm.onLLMNewToken": ({ llm }) => llm.onLLMNewToken("t"),
  "llm.onLLMNewToken with a chunk": ({ llm }) => llm.onLLMNewToken("t", { chunk: {} }),
  "llm.onStreamEvent": ({ llm }) => llm.onStreamEvent({}),
  "llm.onRetry": ({ llm }) => llm.onRetry({ attempt: 1 }),
  "chain.onText": ({ chain }) => chain.onText("text"),
  "chain.onCustomEvent": ({ chain }) => chain.onCustomEvent("e", 1),
  "chain.onChainStream": ({ chain }) => chain.onChainStream("chunk"),
  "chain.onAgentAction": ({ chain }) => chain.onAgentAction({}),
  "chain.onAgentFinish": ({ chain }) => chain.onAgentFinish({}),
  "tool.onToolEvent": ({ tool }) => tool.onToolEvent("chunk"),
};
const ENDS: Readonly<Record<string, Call>> = {
  "llm.onLLMEnd": ({ llm }) => llm.onLLMEnd({ generations: [] }),
  "llm.onLLMError": ({ llm }) => llm.onLLMError("error"),
  "chain.onChainEnd": ({ chain }) => chain.onChainEnd({}),
  "chain.onChainError": ({ chain }) => chain.onChainError("error"),
  "tool.onToolEnd": ({ tool }) => tool.onToolEnd("out"),
  "tool.onToolError": ({ tool }) => tool.onToolError("error"),
  "retriever.onRetrieverEnd": ({ retriever }) => retriever.onRetrieverEnd([]),
  "retriever.onRetrieverError": ({ retriever }) => retriever.onRetrieverError("error"),
  "group.onChainEnd": ({ group }) => group.onChainEnd({}),
  "group.onChainError": ({ group }) => group.onChainError("error"),
};
const ALL = Object.entries({ ...STARTS, ...DATA, ...ENDS });

test.each(ALL)("%s after an abort, not awaited: no report and nothing unhandled", async (_, call) => {
  for (const reason of [undefined, new RangeError("the client is gone"), "gone"]) {
    const controller = new AbortController();
    const runs = await everyKind(
      [{ onEvent: () => undefined }, { runInline: true, onEvent: turn }],
      controller.signal,
    );
    controller.abort(reason);
    void call(runs);
    await turns();
  }
  expect([unhandled, reports]).toEqual([[], []]);
});

/** Sorts of handlers that fail at every event, and raise that, from now on. */
const FAILING: Readonly<Record<string, (fails: () => boolean) => CallbackHandler>> = {
  "an inline handler that throws": (fails) => ({
    raiseError: true,
    onEvent() {
      if (fails()) throw new Error("no");
    },
  }),
  "an inline handler that rejects": (fails) => ({
    raiseError: true,
    onEvent: async () => {
      await turn();
      if (fails()) throw new Error("no");
    },
  }),
  "a runInline handler that throws": (fails) => ({
    raiseError: true,
    runInline: true,
    onEvent() {
      if (fails()) throw new Error("no");
    },
  }),
  "a runInline handler that rejects": (fails) => ({
    raiseError: true,
    runInline: true,
    onEvent: async () => {
      await turn();
      if (fails()) throw new Error("no");
    },
  }),
};
const failing = ALL.filter(([name]) => !(name in STARTS)).flatMap(([name, call]) =>
  Object.entries(FAILING).map(([who, make]) => ({ name, call, who, make })),
);

test.each(failing)("$name, not awaited, with $who: one report", async ({ call, make }) => {
  let fails = false;
  const runs = await everyKind([make(() => fails)]);
  fails = true;
  void call(runs);
  await turns();
  expect(unhandled).toEqual([]);
  expect(reports).toHaveLength(1);
});

const OUTSIDE_CONTEXTS = ALL.filter(([name]) => !(name in STARTS) && !name.includes("in a context"));

test.each(OUTSIDE_CONTEXTS)(
  "%s, not awaited, with a handler that throws a primitive: one report",
  async (_, call) => {
    let fails = false;
    const runs = await everyKind([
      {
        raiseError: true,
        onEvent() {
          if (fails) throw "no";
        },
      },
    ]);
    fails = true;
    void call(runs);
    await turns();
    expect(unhandled).toEqual([]);
    expect(reports).toHaveLength(1);
  },
);

const refusedStarts = Object.entries(STARTS).flatMap(([name, call]) =>
  Object.entries(FAILING).map(([who, make]) => ({ name, call, who, make })),
);

test.each(refusedStarts)(
  "$name, not awaited, refused by $who: the start is reported once",
  async ({ call, make }) => {
    let fails = false;
    const runs = await everyKind([make(() => fails)]);
    fails = true;
    void call(runs);
    await turns();
    await turns();
    expect(unhandled).toEqual([]);
    expect(reports.filter(({ event }) => event.endsWith("_start"))).toHaveLength(1);
    // The run's error event, at which the handler fails again.
    expect(reports).toHaveLength(2);
  },
);

test.each(["trace", "none"] as const)(
  "no call without await fails a closed off-thread handler's application (%s)",
  async (ordering) => {
    for (const [name, call] of ALL.filter(([name]) => !(name in STARTS))) {
      const handler = await offThread(fixture("Recorder"), { ordering, overflow: "throw" });
      const runs = await everyKind([handler]);
      await handler.close();
      reports.length = 0;
      void call(runs);
      await turns();
      expect([name, reports.map(({ error }) => (error as { code?: string }).code)]).toEqual([
        name,
        ["SIDECALL_CLOSED"],
      ]);
    }
    expect(unhandled).toEqual([]);
  },
  60_000,
);

test.each(["trace", "none"] as const)(
  "events beyond the bound are reported once each (%s)",
  async (ordering) => {
    interface Gated {
      open(): void;
    }
    const options = {
      ringBytes: 1024,
      maxBufferedBytes: 2048,
      acknowledge: "queued",
      overflow: "throw",
      ordering,
    } as const;
    const handler = await offThread<Gated>(fixture("Gated"), options);
    const chain = await new AsyncCallbackManager({ handlers: [handler] }).onChainStart(null, {});
    void chain.onCustomEvent("hold", {});
    for (let i = 0; i < 300; i += 1) void chain.onText(`${i}`);
    await turns();
    const { dropped } = handler.stats();
    expect(dropped).toBeGreaterThan(0);
    expect(reports.map(({ error }) => (error as { code?: string }).code)).toEqual(
      Array(dropped).fill("SIDECALL_OVERFLOW"),
    );
    await handler.remote.open();
    await handler.close();
    expect(unhandled).toEqual([]);
  },
);

const invalid: unknown = { color: "red" };
const REFUSED: Readonly<Record<string, () => unknown>> = {
  "a start with unknown options": () => new AsyncCallbackManager().onChainStart(null, {}, invalid as object),
  "a start without a list of prompts": () => new AsyncCallbackManager().onLLMStart(null, {} as never),
  "a chat start without a list": () => new AsyncCallbackManager().onChatModelStart(null, {} as never),
  "a tool's start with unknown options": () =>
    new AsyncCallbackManager().onToolStart(null, "in", invalid as object),
  "a retriever's start with unknown options": () =>
    new AsyncCallbackManager().onRetrieverStart(null, "q", invalid as object),
  "a custom event with unknown options": () =>
    new AsyncCallbackManager().onCustomEvent("e", 1, invalid as object),
  "dispatchCustomEvent outside of a run": () => dispatchCustomEvent("e", 1),
  "dispatchCustomEvent with unknown options": () => dispatchCustomEvent("e", 1, invalid as object),
  "startChainGroup with unknown options": () => startChainGroup("g", invalid as object),
  "traceAsChainGroup with unknown options": () => traceAsChainGroup("g", invalid as object, () => 1),
  "traceAsChainGroup whose body throws": () =>
    traceAsChainGroup("g", {}, () => {
      throw new Error("the body's");
    }),
  "the first step of a stream whose function throws": () =>
    streamEvents(() => {
      throw new Error("the function's");
    }).next(),
};

test.each(Object.entries(REFUSED))("%s, not awaited: one report", async (_, call) => {
  void call();
  await turns();
  expect(unhandled).toEqual([]);
  expect(reports).toHaveLength(1);
});

test.each(Object.entries(REFUSED))("%s, awaited: no report", async (_, call) => {
  await expect(call()).rejects.toThrow();
  await turns();
  expect([unhandled, reports]).toEqual([[], []]);
});
