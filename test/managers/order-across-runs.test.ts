import { expect, test } from "vitest";
import {
  AsyncCallbackManager,
  type AsyncCallbackManagerForChainRun,
  type CallbackHandler,
  InMemoryTracer,
  traceAsChainGroup,
} from "../../src/index.ts";
import { collectFailures } from "../placements.ts";
import { gate } from "../support/gate.ts";
import { recorder } from "../support/recorder.ts";
import { settleTasks } from "../support/tasks.ts";

test.each([2, 3])(
  "runInline handlers of %i runs, each awaiting an event of the next run, do not wait for ever",
  async (count) => {
    const runs: AsyncCallbackManagerForChainRun[] = [];
    const others = recorder();
    const handler: CallbackHandler = {
      runInline: true,
      async onText({ runId }) {
        await settleTasks(1);
        const next = (runs.findIndex((run) => run.runId === runId) + 1) % count;
        await runs[next]?.onCustomEvent("from the run before", 1);
      },
    };
    const manager = new AsyncCallbackManager({ handlers: [handler, others] });
    for (let i = 0; i < count; i += 1) runs.push(await manager.onChainStart(null, {}));
    await Promise.all(runs.map((run) => run.onText("text")));
    await Promise.all(runs.map((run) => run.onChainEnd({})));
    for (const { runId } of runs) {
      const events = others.records.filter((record) => record.runId === runId).map(({ event }) => event);
      expect(events).toEqual(["on_chain_start", "on_text", "on_custom_event", "on_chain_end"]);
    }
  },
);

test("an event of another run waits for its turn there, if that does not wait for it", async () => {
  const { open, opened } = gate();
  const seen: string[] = [];
  const handler: CallbackHandler = {
    runInline: true,
    async onText({ text }) {
      if (text === "slow") await opened;
      if (text === "sender") await other.onText("sent");
      seen.push(text);
    },
  };
  const manager = new AsyncCallbackManager({ handlers: [handler] });
  const [run, other] = [await manager.onChainStart(null, {}), await manager.onChainStart(null, {})];
  const sent = [other.onText("slow"), run.onText("sender")];
  await settleTasks();
  open();
  await Promise.all(sent);
  expect(seen).toEqual(["slow", "sent", "sender"]);
});

/** Takes its time with every event. */
const slow: CallbackHandler = { runInline: true, onEvent: () => settleTasks(2) };

test.each(["returns", "throws"])(
  "the end of a group comes behind ends below that were not awaited, if its body %s",
  async (how) => {
    const tracer = new InMemoryTracer();
    const failures = await collectFailures(async () => {
      const group = traceAsChainGroup("g", { callbacks: [slow, tracer] }, async (manager) => {
        const tool = await manager.onToolStart(null, "in");
        const [model] = await tool.getChild().onLLMStart(null, ["p"]);
        void model?.onText("text");
        void model?.onLLMEnd({ generations: [] });
        void tool.onToolEnd("out");
        if (how === "throws") throw new Error("the body's");
      });
      await group.catch(() => undefined);
    });
    expect(failures).toEqual([]);
    expect(tracer.openRuns).toEqual([]);
    expect(tracer.runs).toMatchObject([{ children: [{ children: [{ error: null }] }] }]);
  },
);

test("a run that begins while the error of its group is on its way reaches no handler", async () => {
  const tracer = new InMemoryTracer();
  const begun = gate();
  const holds: CallbackHandler = {
    runInline: true,
    onChainError: async () => {
      begun.open();
      await settleTasks(3);
    },
  };
  const late: Promise<void>[] = [];
  const failures = await collectFailures(async () => {
    const group = traceAsChainGroup("g", { callbacks: [holds, tracer] }, (manager) => {
      late.push(
        begun.opened
          .then(() => manager.onToolStart({ name: "late" }, "in"))
          .then((tool) => settleTasks(6).then(() => tool.onToolEnd("out"))),
      );
      throw new Error("the body's");
    });
    await group.catch(() => undefined);
    await Promise.all(late);
  });
  expect(failures).toEqual([]);
  expect([tracer.openRuns, tracer.find("late")]).toEqual([[], undefined]);
});

test("an abort by a runInline handler fails the run of its event before the group, at every handler", async () => {
  const controller = new AbortController();
  const aborting: CallbackHandler = {
    runInline: true,
    async onText() {
      controller.abort();
      await settleTasks(2);
    },
  };
  const others = recorder();
  const options = { callbacks: [aborting, others], signal: controller.signal };
  const group = traceAsChainGroup("g", options, async (manager) => {
    const tool = await manager.onToolStart(null, "in");
    await tool.onText("text");
  });
  await expect(group).rejects.toThrow();
  await settleTasks(6);
  const events = others.records.map(({ event }) => event);
  expect(events.slice(2)).toEqual(["on_text", "on_tool_error", "on_chain_error"]);
});

test("a handler may await the end of the group whose run's end it is called with", async () => {
  const others = recorder();
  const handler: CallbackHandler = {
    runInline: true,
    async onToolEnd() {
      await settleTasks(1);
      await ends[0]?.();
    },
  };
  const ends: (() => Promise<void>)[] = [];
  await traceAsChainGroup("g", { callbacks: [handler, others] }, async (manager) => {
    ends.push(() => manager.onChainEnd({}));
    const tool = await manager.onToolStart(null, "in");
    await tool.onToolEnd("out");
  });
  expect(others.records.map(({ event }) => event).sort()).toEqual([
    "on_chain_end",
    "on_chain_start",
    "on_tool_end",
    "on_tool_start",
  ]);
});
