import { expect, test } from "vitest";
import { type AnyEventRecord, type ExternalRun, InMemoryTracer, type TracedRun } from "../../src/index.ts";
import { RunTrees } from "../../src/tracers/run-tree.ts";
import { objectRecorder } from "../../src/tracers/traced-run.ts";
import { record } from "../support/records.ts";

const coded = (code: string, ...parts: string[]) =>
  expect.objectContaining({ code, message: expect.stringMatching(new RegExp(parts.join(".*"))) });

/** Run trees, the roots that they have returned, and short functions that add events. */
function trees() {
  const core = new RunTrees(objectRecorder((value) => value));
  const given: TracedRun[] = [];
  const add = (event: AnyEventRecord) => {
    const step = core.add(event);
    if (step?.isEnd && step.isRoot) given.push(step.run);
    if (step?.misuse !== undefined) throw step.misuse;
  };
  const start = (runId: string, parentRunId?: string) => {
    const name = `name of ${runId}`;
    add(record("on_chain_start", runId, { parentRunId, traceId: parentRunId ?? runId, name, inputs: {} }));
  };
  const end = (runId: string) => add(record("on_chain_end", runId, { outputs: {} }));
  return { core, given, add, start, end };
}

test("a child of a parent that has ended joins the tree while the tree is open", () => {
  const { core, given, start, end } = trees();
  start("root");
  start("parent", "root");
  end("parent");
  start("late", "parent");
  start("later", "late");
  end("later");
  end("late");
  expect(given).toEqual([]);
  end("root");
  const later = { id: "later", traceId: "root" };
  expect(given).toMatchObject([
    { id: "root", children: [{ id: "parent", children: [{ id: "late", children: [later] }] }] },
  ]);
  expect(core.size).toBe(0);
});

test("a child of a run whose tree is over is a root, with its parent's id and its trace", () => {
  const { core, given, add, start, end } = trees();
  start("root");
  end("root");
  add(record("on_chain_start", "late", { parentRunId: "root", traceId: "root", inputs: {} }));
  start("below", "late");
  end("below");
  end("late");
  expect(given).toMatchObject([
    { id: "root", children: [] },
    { id: "late", parentRunId: "root", traceId: "root", children: [{ id: "below", traceId: "root" }] },
  ]);
  expect(given[1]?.dottedOrder).toMatch(/^[^.]*Zlate$/);
  expect(core.size).toBe(0);
});

test("a run stays a root when its named parent begins later", () => {
  const { core, given, start, end } = trees();
  start("child", "parent");
  start("parent");
  end("child");
  end("parent");
  expect(given).toMatchObject([
    { id: "child", parentRunId: "parent", children: [] },
    { id: "parent", children: [] },
  ]);
  expect(core.size).toBe(0);
});

test("a start with the id of an open run is refused, and the tree stays as it was", () => {
  const { core, given, add, start, end } = trees();
  start("root");
  start("child", "root");
  const again = record("on_tool_start", "child", { input: "x", name: "other" });
  expect(() => add(again)).toThrow(
    coded("SIDECALL_RUN_REUSED", "on_tool_start", "child \\(name of child\\)"),
  );
  end("child");
  end("root");
  expect(given).toMatchObject([{ id: "root", children: [{ id: "child", runType: "chain" }] }]);
  expect(core.size).toBe(0);
});

test("the id of an ended run can begin again in the same tree, below itself too", () => {
  const { core, given, start, end } = trees();
  start("root");
  start("again", "root");
  end("again");
  start("again", "again");
  end("again");
  start("again", "root");
  end("again");
  end("root");
  expect(given).toMatchObject([
    {
      children: [
        { id: "again", children: [{ id: "again" }] },
        { id: "again", children: [] },
      ],
    },
  ]);
  expect(core.size).toBe(0);
});

test.each([
  record("on_chain_end", "r", { outputs: {} }),
  record("on_chain_error", "r", { error: "no" }),
  record("on_llm_new_token", "r", { token: "a" }),
  record("on_text", "r", { text: "a" }),
])("$event of an unknown run is refused by the run's id", (event) => {
  const { core, add } = trees();
  expect(() => add(event)).toThrow(coded("SIDECALL_RUN_UNKNOWN", event.event, "run r,"));
  expect(core.size).toBe(0);
});

test("a custom event outside of runs is no misuse", () => {
  const { core, add } = trees();
  add(record("on_custom_event", "nowhere", { eventName: "e", data: 1 }));
  expect(core.size).toBe(0);
});

test.each([
  record("on_tool_end", "root", { output: 1 }),
  record("on_llm_end", "root", { response: { generations: [] } }),
  record("on_retriever_error", "root", { error: "no" }),
  record("on_llm_new_token", "root", { token: "a" }),
])("$event of a chain is refused, and the chain goes on", (event) => {
  const { given, add, start, end } = trees();
  start("root");
  expect(() => add(event)).toThrow(coded("SIDECALL_RUN_UNKNOWN", event.event, "chain run root"));
  end("root");
  expect(given).toMatchObject([{ outputs: {}, error: null, tokens: { count: 0 } }]);
});

test("a second end of a run in an open tree is refused, and so is any event after the first end", () => {
  const { given, add, start, end } = trees();
  start("root");
  start("child", "root");
  end("child");
  const fail = () => add(record("on_chain_error", "child", { error: "late" }));
  expect(fail).toThrow(coded("SIDECALL_RUN_ENDED", "on_chain_error", "chain run child"));
  const text = () => add(record("on_text", "child", { text: "late" }));
  expect(text).toThrow(coded("SIDECALL_RUN_UNKNOWN", "on_text", "run child"));
  end("root");
  expect(given).toMatchObject([{ children: [{ outputs: {}, error: null, events: [] }] }]);
});

test("a root that ends before runs below it is returned with them, and the error names them", () => {
  const { core, given, start, end } = trees();
  start("root");
  start("ended", "root");
  for (const id of ["a", "b", "c", "d", "e"]) start(id, "ended");
  end("ended");
  const named = ["chain run root", "of 5", "run a \\(name of a\\)", "run b", "run c", " and 2 more"];
  expect(() => end("root")).toThrow(coded("SIDECALL_RUN_LEFT_OPEN", ...named));
  expect(given).toMatchObject([
    { children: [{ id: "ended", endTime: expect.any(Number), children: Array(5).fill({ endTime: null }) }] },
  ]);
  expect(() => end("a")).toThrow(coded("SIDECALL_RUN_UNKNOWN", "run a,"));
  expect(core.size).toBe(0);
});

const OUTSIDE = { id: "outside", traceId: "trace", dottedOrder: "20260102T030405000000Zoutside" };

test("an adopted run passes trace and dotted order to its children, and is forgotten with the last of them", () => {
  const { core, given, start, end } = trees();
  core.adopt(OUTSIDE);
  start("first", "outside");
  start("second", "outside");
  start("below", "second");
  end("first");
  start("third", "outside");
  for (const id of ["below", "second", "third"]) end(id);
  expect(core.size).toBe(0);
  expect(given.map(({ traceId }) => traceId)).toEqual(["trace", "trace", "trace"]);
  const [first, second] = given;
  expect(first?.dottedOrder).toMatch(/^20260102T030405000000Zoutside\.\d{8}T\d{12}Zfirst$/);
  expect(second?.children[0]?.dottedOrder.startsWith(`${second.dottedOrder}.`)).toBe(true);
  start("after", "outside");
  end("after");
  expect(given.at(-1)).toMatchObject({ parentRunId: "outside", traceId: "outside" });
});

test("an adopted run can be released, also while it has children, and only as often as it was adopted", () => {
  const { core, given, start, end } = trees();
  core.adopt(OUTSIDE)();
  expect(core.size).toBe(0);
  const release = core.adopt(OUTSIDE);
  start("child", "outside");
  release();
  const newer = core.adopt({ ...OUTSIDE, traceId: "newer" });
  release();
  end("child");
  start("other", "outside");
  end("other");
  newer();
  expect(given.map(({ traceId }) => traceId)).toEqual(["trace", "newer"]);
  expect(core.size).toBe(0);
});

test("a run of another tracer can be adopted as it is", () => {
  const [theirs, ours] = [new InMemoryTracer(), new InMemoryTracer()];
  void theirs.onEvent(record("on_chain_start", "outer", { inputs: {} }));
  const [outer] = theirs.openRuns;
  if (outer !== undefined) ours.adopt(outer);
  const inner = { parentRunId: "outer", traceId: "outer" };
  void ours.onEvent(record("on_chain_start", "inner", { ...inner, inputs: {} }));
  expect(ours.openRuns[0]?.dottedOrder.startsWith(`${outer?.dottedOrder}.`)).toBe(true);
});

test.each([{ ...OUTSIDE, traceId: "" }, { ...OUTSIDE, dottedOrder: 1 }, { id: OUTSIDE.id }, undefined])(
  "adopt refuses %o",
  (run) => {
    const tracer = new InMemoryTracer();
    expect(() => tracer.adopt(run as ExternalRun)).toThrow(coded("SIDECALL_OPTION_INVALID"));
  },
);

test("nothing is kept of finished runs, misused ones included", () => {
  const { core, given, start, end } = trees();
  for (let i = 0; i < 200; i += 1) {
    start(`root ${i}`);
    start(`left open ${i}`, `root ${i}`);
    expect(() => end(`root ${i}`)).toThrow();
    start(`late ${i}`, `left open ${i}`);
    end(`late ${i}`);
    start("reused", `stranger ${i}`);
    end("reused");
    core.adopt({ ...OUTSIDE, id: `outside ${i}` });
    start(`inside ${i}`, `outside ${i}`);
    end(`inside ${i}`);
    expect(() => end(`never begun ${i}`)).toThrow();
  }
  expect(core.size).toBe(0);
  expect(given).toHaveLength(800);
});

test("ten thousand tokens take no more room than one", () => {
  const { core, given, add } = trees();
  add(record("on_llm_start", "r", { prompts: ["hi"] }));
  const pieces = ["on_llm_new_token", "on_stream_event"] as const;
  const times: number[] = [];
  for (let i = 0; i < 10_000; i += 1) {
    for (const piece of pieces) {
      const token = record(piece, "r", { token: "a", chunk: {} });
      if (piece === "on_llm_new_token") times.push(token.timestamp);
      add(token);
    }
  }
  add(record("on_llm_end", "r", { response: { generations: [] } }));
  const tokens = { count: 10_000, firstTime: times[0], lastTime: times.at(-1) };
  expect(given).toMatchObject([{ tokens, events: [] }]);
  expect(JSON.stringify(given).length).toBeLessThan(1000);
  expect(core.size).toBe(0);
});

test("dotted orders sort runs by their starts, to the microsecond", () => {
  const { core } = trees();
  const at = (timestamp: number) => {
    const id = `run at ${timestamp}`;
    return core.add({ ...record("on_chain_start", id, { inputs: {} }), timestamp })?.run.dottedOrder ?? "";
  };
  const second = Date.UTC(2026, 11, 31, 23, 59, 59);
  const starts = [second, second + 0.25, second + 1, second + 999.75, second + 1000];
  const orders = starts.map(at);
  expect(orders).toEqual([...orders].sort());
  expect(orders.map((order) => order.slice(0, 22))).toEqual([
    "20261231T235959000000Z",
    "20261231T235959000250Z",
    "20261231T235959001000Z",
    "20261231T235959999750Z",
    "20270101T000000000000Z",
  ]);
});
