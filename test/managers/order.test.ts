import { expect, test } from "vitest";
import {
  AsyncCallbackManager,
  type CallbackHandler,
  dispatchCustomEvent,
  withContext,
} from "../../src/index.ts";
import { collectFailures } from "../placements.ts";
import { gate } from "../support/gate.ts";
import { recorder } from "../support/recorder.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** A `runInline` handler that waits at the custom event "slow" until its gate is open. */
function moderator() {
  const { open, opened } = gate();
  const seen: string[] = [];
  const handler: CallbackHandler = {
    runInline: true,
    onCustomEvent: ({ eventName }) => {
      seen.push(eventName);
      return eventName === "slow" ? opened : undefined;
    },
  };
  return { open, seen, handler };
}

/** The names of custom events, and of the other events, in the order in which a recorder got them. */
function namesOf({ records }: ReturnType<typeof recorder>): string[] {
  return records.map((record) => (record.event === "on_custom_event" ? record.eventName : record.event));
}

test("an event waits for the runInline handler of the event before it, the end too; another run does not", async () => {
  const [{ open, handler }, others] = [moderator(), recorder()];
  const manager = new AsyncCallbackManager({ handlers: [handler, others] });
  const [run, other] = [await manager.onChainStart(null, {}), await manager.onChainStart(null, {})];
  others.records.length = 0;
  const sent = [run.onCustomEvent("slow", 1), run.onText("text"), run.onChainEnd({})];
  await other.onCustomEvent("other run's", 1);
  expect(namesOf(others)).toEqual(["other run's"]);
  open();
  await Promise.all(sent);
  expect(namesOf(others)).toEqual(["other run's", "slow", "on_text", "on_chain_end"]);
});

test("a second manager without runInline handlers waits for its turn", async () => {
  const [{ open, handler }, others] = [moderator(), recorder()];
  const run = await new AsyncCallbackManager({ handlers: [handler, others] }).onChainStart(null, {});
  others.records.length = 0;
  const slow = run.onCustomEvent("slow", 1);
  const { runId } = run;
  const second = new AsyncCallbackManager({ handlers: [others] }).onCustomEvent("second's", 1, { runId });
  await turn();
  expect(others.records).toEqual([]);
  open();
  await Promise.all([slow, second]);
  expect(namesOf(others)).toEqual(["slow", "second's"]);
});

test("a runInline handler that never settles holds up its own run alone", async () => {
  const [{ handler }, others] = [moderator(), recorder()];
  const handlers = [handler, others];
  const manager = new AsyncCallbackManager({ handlers, inheritableHandlers: handlers });
  const stuck = await manager.onChainStart(null, {});
  void stuck.onCustomEvent("slow", 1);
  void stuck.onChainEnd({});
  const [child, root] = [await stuck.getChild().onChainStart(null, {}), await manager.onChainStart(null, {})];
  others.records.length = 0;
  await child.onChainEnd({});
  await root.onChainEnd({});
  expect(namesOf(others)).toEqual(["on_chain_end", "on_chain_end"]);
});

test("a failing runInline handler, asynchronous or not, ends its turn", async () => {
  const others = recorder();
  const failing: CallbackHandler = {
    runInline: true,
    raiseError: true,
    onCustomEvent: ({ data }) => {
      if (data === "throws") throw new Error("thrown");
      return turn().then(() => Promise.reject(new Error("rejected")));
    },
  };
  const run = await new AsyncCallbackManager({ handlers: [failing, others] }).onChainStart(null, {});
  others.records.length = 0;
  const outcomes: unknown[] = [];
  await collectFailures(async () => {
    const sent = [
      run.onCustomEvent("1", "rejects"),
      run.onCustomEvent("2", "throws"),
      run.onCustomEvent("3", "rejects"),
    ];
    outcomes.push(
      ...(await Promise.allSettled(sent)).map((each) => each.status === "rejected" && String(each.reason)),
    );
  });
  expect(outcomes).toEqual(["Error: rejected", "Error: thrown", "Error: rejected"]);
  expect(namesOf(others)).toEqual(["1", "2", "3"]);
});

test("an abort rejects calls that wait for their turn; their events are delivered all the same, and so is the end", async () => {
  const [{ open, handler }, others, controller] = [moderator(), recorder(), new AbortController()];
  const { signal } = controller;
  const run = await new AsyncCallbackManager({ handlers: [handler, others], signal }).onChainStart(null, {});
  others.records.length = 0;
  const slow = run.onCustomEvent("slow", 1);
  const waiting = run.onText("accepted before the abort");
  const reason = new RangeError("the client is gone");
  controller.abort(reason);
  await expect(slow).rejects.toBe(reason);
  await expect(waiting).rejects.toBe(reason);
  await expect(run.onText("after it")).rejects.toBe(reason);
  const end = run.onChainError(reason);
  open();
  await end;
  expect(namesOf(others)).toEqual(["slow", "on_text", "on_chain_error"]);
});

const NESTED: readonly [string, (runId: string, manager: AsyncCallbackManager) => Promise<void>][] = [
  ["a manager", (runId, manager) => manager.onCustomEvent("nested", 1, { runId })],
  ["dispatchCustomEvent", () => dispatchCustomEvent("nested", 1)],
];
const WHEN: readonly [string, () => Promise<unknown> | undefined][] = [
  ["at once", () => undefined],
  ["after a while", () => turn()],
];
const cases = NESTED.flatMap(([how, send]) => WHEN.map(([when, pause]) => ({ how, when, send, pause })));

test.each(cases)(
  "an event that a runInline handler sends $when through $how does not wait for it",
  async ({ send, pause }) => {
    const [seen, others] = [[] as string[], recorder()];
    const handler: CallbackHandler = {
      runInline: true,
      async onCustomEvent({ eventName, runId }) {
        seen.push(`${eventName} begins`);
        const paused = pause();
        if (paused !== undefined) await paused;
        if (eventName === "outer") await send(runId, manager);
        seen.push(`${eventName} ends`);
      },
    };
    const manager = new AsyncCallbackManager({ handlers: [handler, others] });
    const run = await manager.onChainStart(null, {});
    others.records.length = 0;
    await withContext({ run }, () => run.onCustomEvent("outer", 1));
    await turn();
    expect(seen).toEqual(["outer begins", "nested begins", "nested ends", "outer ends"]);
    // The others get them in the order in which they were sent.
    expect(namesOf(others)).toEqual(["outer", "nested"]);
  },
);

test("a nested event comes behind those that were sent before it", async () => {
  const [{ open, opened }, others] = [gate(), recorder()];
  const handler: CallbackHandler = {
    runInline: true,
    async onText() {
      await opened;
      await run.onCustomEvent("nested", 1);
    },
  };
  const run = await new AsyncCallbackManager({ handlers: [handler, others] }).onChainStart(null, {});
  others.records.length = 0;
  const sent = [run.onText("outer"), run.onCustomEvent("behind", 1)];
  open();
  await Promise.all(sent);
  await run.onCustomEvent("last", 1);
  expect(namesOf(others)).toEqual(["on_text", "behind", "nested", "last"]);
});

test("a handler of a child run may send events of the parent, whose own handler is at work", async () => {
  const { open, opened } = gate();
  const seen: string[] = [];
  const handler: CallbackHandler = {
    runInline: true,
    async onText({ text }) {
      seen.push(text);
      if (text === "parent's") {
        const child = await parent.getChild().onChainStart(null, {});
        await child.onText("child's");
      }
      if (text === "child's") await parent.onText("parent's second");
      await opened;
    },
  };
  const parent = await new AsyncCallbackManager({
    handlers: [handler],
    inheritableHandlers: [handler],
  }).onChainStart(null, {});
  const sent = parent.onText("parent's");
  open();
  await sent;
  expect(seen).toEqual(["parent's", "child's", "parent's second"]);
});

test("work that a handler leaves behind waits for its turn like any other", async () => {
  const [{ open, handler }, others, left] = [moderator(), recorder(), gate()];
  let late: Promise<void> | undefined;
  const leaves: CallbackHandler = {
    runInline: true,
    onText: () =>
      void left.opened.then(() => {
        late = run.onCustomEvent("late", 1);
      }),
  };
  const run = await new AsyncCallbackManager({ handlers: [leaves, handler, others] }).onChainStart(null, {});
  await run.onText("leaves work behind");
  others.records.length = 0;
  const slow = run.onCustomEvent("slow", 1);
  left.open();
  await turn();
  expect(others.records).toEqual([]);
  open();
  await Promise.all([slow, late]);
  expect(namesOf(others)).toEqual(["slow", "late"]);
});

test("starts of several prompts with known ids have one turn together", async () => {
  const { open, opened } = gate();
  const seen: string[] = [];
  const handler: CallbackHandler = {
    runInline: true,
    async onLLMStart({ runId }) {
      seen.push(`${runId} begins`);
      await opened;
    },
  };
  const others: CallbackHandler = {
    onEvent: ({ event, runId }) => void seen.push(`${runId} ${event}`),
  };
  const manager = new AsyncCallbackManager({ handlers: [handler, others] });
  const started = manager.onLLMStart(null, ["p", "q"], { runIds: ["a", "b"] });
  const early = manager.onCustomEvent("early", 1, { runId: "b" });
  open();
  await Promise.all([started, early]);
  expect(seen).toEqual(["a begins", "b begins", "a on_llm_start", "b on_llm_start", "b on_custom_event"]);
});

test.each(NESTED)(
  "an event that a plain handler sends at once through %s comes behind its own for the handlers after it",
  async (_, send) => {
    const others = recorder();
    const sender: CallbackHandler = {
      async onText({ runId }) {
        await send(runId, manager);
      },
    };
    const manager = new AsyncCallbackManager({ handlers: [sender, others] });
    const run = await manager.onChainStart(null, {});
    others.records.length = 0;
    await withContext({ run }, () => run.onText("text"));
    expect(namesOf(others)).toEqual(["on_text", "nested"]);
  },
);
