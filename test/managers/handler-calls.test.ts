import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, expect, test } from "vitest";
import {
  AsyncCallbackManager,
  type CallbackHandler,
  currentRun,
  dispatchCustomEvent,
  registerConfigureHook,
  traceAsChainGroup,
  withContext,
} from "../../src/index.ts";
import { recorder } from "../support/recorder.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

async function callModel(name: string): Promise<void> {
  const [run] = await AsyncCallbackManager.configure().onLLMStart({ name }, ["q"]);
  await run?.onLLMNewToken("x");
  await run?.onLLMEnd({ generations: [[{ text: "x" }]] });
}

/** Calls a model itself at an event; gives up after a few calls, so that a test without end fails. */
class Judge implements CallbackHandler {
  readonly runInline: boolean;
  calls = 0;

  constructor(runInline: boolean) {
    this.runInline = runInline;
  }

  async onLLMNewToken(): Promise<void> {
    await this.#judge();
  }

  async onLLMEnd(): Promise<void> {
    await turn();
    await this.#judge();
  }

  async #judge(): Promise<void> {
    this.calls += 1;
    if (this.calls < 20) await callModel("judge");
  }
}

type Around = (judge: Judge) => Promise<unknown>;
const call = () => callModel("app");
const HOOKED = new AsyncLocalStorage<CallbackHandler | undefined>();
let unregister: () => void = () => undefined;
afterEach(() => unregister());

const AROUND: Readonly<Record<string, Around>> = {
  "withContext's handlers": (judge) => withContext({ handlers: [judge] }, call),
  "a group's callbacks": (judge) => traceAsChainGroup("g", { callbacks: [judge] }, call),
  "a context within a context": (judge) =>
    withContext({ handlers: [judge] }, () => withContext({ tags: ["t"] }, call)),
  "a hook's variable": (judge) => {
    unregister = registerConfigureHook({ variable: HOOKED });
    return HOOKED.run(judge, call);
  },
};
const cases = Object.entries(AROUND).flatMap(([where, around]) =>
  [false, true].map((runInline) => ({ where, around, runInline })),
);

test.each(cases)(
  "a judge in $where, runInline $runInline, is not called by its own model calls",
  async ({ around, runInline }) => {
    const judge = new Judge(runInline);
    await around(judge);
    // At the token and at the end.
    expect(judge.calls).toBe(2);
  },
);

test("nothing of the application's context reaches what a handler configures: parent, tags, metadata, signal", async () => {
  const seen: AsyncCallbackManager[] = [];
  const look = async () => {
    seen.push(AsyncCallbackManager.configure());
    await turn();
    seen.push(AsyncCallbackManager.configure());
  };
  const { signal } = new AbortController();
  const handlers: CallbackHandler[] = [{ onText: look }, { onText: look, runInline: true }];
  const run = await new AsyncCallbackManager({ handlers, inheritableHandlers: handlers }).onChainStart(
    null,
    {},
  );
  const context = { run, handlers: [recorder()], tags: ["t"], metadata: { m: 1 }, signal };
  await withContext(context, async () => {
    await run.onText("text");
    expect(AsyncCallbackManager.configure()).toMatchObject({ parentRunId: run.runId, tags: ["t"] });
  });
  const nothing = { handlers: [], tags: [], metadata: {}, parentRunId: undefined, signal: undefined };
  expect(seen).toMatchObject(Array(4).fill(nothing));
});

test("what a handler puts around its own calls reaches them", async () => {
  const own = recorder();
  const judge: CallbackHandler = {
    onText: () => withContext({ handlers: [own], tags: ["judged"] }, () => callModel("judge")),
  };
  const run = await new AsyncCallbackManager({ handlers: [judge] }).onChainStart(null, {});
  await withContext({ tags: ["app"] }, () => run.onText("text"));
  expect(own.records).toMatchObject([
    { event: "on_llm_start", tags: ["judged"] },
    { event: "on_llm_new_token" },
    { event: "on_llm_end" },
  ]);
});

test("a handler that a handler puts around its own calls is not called by itself either", async () => {
  const inner = new Judge(false);
  const outer: CallbackHandler = {
    onText: () => withContext({ handlers: [inner] }, () => callModel("judge")),
  };
  const run = await new AsyncCallbackManager({ handlers: [outer] }).onChainStart(null, {});
  await withContext({ tags: ["app"] }, () => run.onText("text"));
  expect(inner.calls).toBe(2);
});

test("a handler's custom events belong to the application's run", async () => {
  const handlers = [recorder()];
  const seen: unknown[] = [];
  const run = await new AsyncCallbackManager({
    handlers: [
      ...handlers,
      {
        onText: async () => {
          seen.push(currentRun()?.runId);
          await dispatchCustomEvent("verdict", 1);
          await withContext({ tags: ["t"] }, () => dispatchCustomEvent("verdict", 2));
        },
      },
    ],
  }).onChainStart(null, {});
  await withContext({ run }, () => run.onText("text"));
  expect(seen).toEqual([run.runId]);
  expect(handlers[0]?.records.slice(2)).toMatchObject([1, 2].map((data) => ({ runId: run.runId, data })));
});

test("handlers, and the code behind an event, see the caller's own async context", async () => {
  const theirs = new AsyncLocalStorage<string>();
  const seen: unknown[] = [];
  const look: CallbackHandler = { onText: () => void seen.push(theirs.getStore()) };
  const write = { onText: () => theirs.enterWith("written") };
  const run = await new AsyncCallbackManager({
    handlers: [look, write, { ...write, runInline: true }],
  }).onChainStart(null, {});
  await withContext({ run }, () =>
    theirs.run("the caller's", async () => {
      const sent = run.onText("text");
      seen.push(theirs.getStore());
      await sent;
      expect(currentRun()).toBe(run);
    }),
  );
  expect(seen).toEqual(["written", "written"]);
});
