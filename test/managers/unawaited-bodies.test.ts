import { expect, test } from "vitest";
import {
  AsyncCallbackManager,
  type CallbackHandler,
  startChainGroup,
  streamEvents,
  traceAsChainGroup,
  withContext,
  withRun,
} from "../../src/index.ts";
import { collectRejections } from "../support/rejections.ts";
import { settleTasks } from "../support/tasks.ts";

const { unhandled, reports } = collectRejections();

/** Long enough for a promise to count as unhandled, and for a call without `await` to be reported. */
const turns = () => settleTasks(8);

const raising: CallbackHandler = {
  raiseError: true,
  onChainError() {
    throw new Error("no");
  },
  onChainEnd() {
    throw new Error("no");
  },
};
type Group = Awaited<ReturnType<typeof startChainGroup>>;
const ENDS: Readonly<Record<string, (group: Group) => unknown>> = {
  "group.onChainError": (group) => group.onChainError("error"),
  "group.run.onChainError": (group) => group.run.onChainError("error"),
};

test.each(Object.entries(ENDS))(
  "%s, not awaited, with a handler that raises and a run open below: one report",
  async (_, end) => {
    const group = await startChainGroup("g", { callbacks: [raising] });
    await group.onToolStart(null, "in");
    void end(group);
    await turns();
    expect([unhandled, reports.length]).toEqual([[], 1]);
  },
);

async function* failing() {
  yield 1;
  throw new Error("the generator's");
}
const GENERATORS: Readonly<Record<string, () => AsyncGenerator | Promise<AsyncGenerator>>> = {
  traceAsChainGroup: () => traceAsChainGroup("g", {}, failing),
  withContext: () => withContext({ tags: ["t"] }, failing),
  "traceAsChainGroup in withContext": () =>
    withContext({ tags: ["t"] }, () => traceAsChainGroup("g", {}, failing)),
};

test.each(Object.entries(GENERATORS))(
  "a step of a generator of %s, not awaited: its error is reported once; awaited, it is not",
  async (_, make) => {
    const left = await make();
    await left.next();
    void left.next();
    await turns();
    expect([unhandled, reports.length]).toEqual([[], 1]);
    const read = await make();
    await read.next();
    await expect(read.next()).rejects.toThrow("the generator's");
    await turns();
    expect([unhandled, reports.length]).toEqual([[], 1]);
  },
);

test("a generator that is left without await, with a handler that raises at the end: one report", async () => {
  const generator = await traceAsChainGroup("g", { callbacks: [raising] }, async function* () {
    yield 1;
  });
  await generator.next();
  void generator.return();
  await turns();
  expect([unhandled, reports.length]).toEqual([[], 1]);
});

const ABORTED: Readonly<Record<string, (signal: AbortSignal) => unknown>> = {
  startChainGroup: (signal) => startChainGroup("g", { signal }),
  traceAsChainGroup: (signal) => traceAsChainGroup("g", { signal }, () => 1),
  withRun: (signal) => withRun("tool", { input: "in" }, { signal }, () => 1),
  "a group of a manager's": (signal) =>
    traceAsChainGroup("g", { callbacks: new AsyncCallbackManager({ signal }) }, () => 1),
  "a group in a context": (signal) => withContext({ signal }, () => traceAsChainGroup("g", {}, () => 1)),
  "the first step of a stream": (signal) => streamEvents(() => 1, { signal }).next(),
};

test.each(Object.entries(ABORTED))(
  "%s under an aborted signal, not awaited: no report, whatever the reason is",
  async (_, call) => {
    for (const reason of [undefined, new RangeError("the client is gone"), "gone", 0]) {
      const controller = new AbortController();
      controller.abort(reason);
      void call(controller.signal);
      await turns();
    }
    expect([unhandled, reports]).toEqual([[], []]);
  },
);
