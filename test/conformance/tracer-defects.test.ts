import { expect } from "vitest";
import { dispatch } from "../../src/core/dispatch.ts";
import {
  type AnyEventRecord,
  AsyncCallbackManager,
  type HandlerFailure,
  type TracedRun,
} from "../../src/index.ts";
import { collectFailures, type Placement } from "../placements.ts";
import { record } from "../support/records.ts";
import { ORDERED, taken, withPlaced } from "./placed.ts";
import { defect } from "./row.ts";

interface Traced {
  readonly roots: TracedRun[];
  /** Roots left open in the end. */
  readonly open: number;
  readonly failures: HandlerFailure[];
}

/** Dispatches events to a tracer as they are; returns its trees and the reported failures. */
async function traced(placement: Placement, records: readonly AnyEventRecord[]): Promise<Traced> {
  const kept: { roots: TracedRun[]; open: number } = { roots: [], open: -1 };
  const failures = await collectFailures(() =>
    withPlaced(placement, ["KeepingTracer"], async (placed) => {
      for (const each of records) await dispatch([placed.handler], each);
      kept.roots = await taken<TracedRun>(placed, "persisted");
      kept.open = (await placed.call<number>("openCount")).reduce((sum, count) => sum + count);
    }),
  );
  return { ...kept, failures };
}

const start = (runId: string, parentRunId?: string) =>
  record("on_chain_start", runId, { inputs: {}, traceId: "t", parentRunId });
const end = (runId: string) => record("on_chain_end", runId, { outputs: {}, traceId: "t" });
const codes = (failures: readonly HandlerFailure[]) =>
  failures.map(({ event, runId, error }) => [event, runId, Object(error).code]);

defect("5.1.1", ORDERED, async (placement) => {
  const records = Array.from({ length: 100 }, (_, i) => [
    start(`root ${i}`),
    start(`child ${i}`, `root ${i}`),
    end(`child ${i}`),
    end(`root ${i}`),
  ]);
  const { roots, open, failures } = await traced(placement, records.flat());
  expect(roots).toHaveLength(100);
  expect(failures).toEqual([]);
  expect(open).toBe(0);
});

defect("5.1.2", ORDERED, async (placement) => {
  const late = [start("root"), start("parent", "root"), end("parent"), start("late", "parent"), end("late")];
  const after = [end("root"), start("after", "root"), end("after")];
  const { roots, open, failures } = await traced(placement, [...late, ...after]);
  expect(roots).toMatchObject([
    { id: "root", children: [{ id: "parent", children: [{ id: "late", endTime: expect.any(Number) }] }] },
    { id: "after", parentRunId: "root", traceId: "t" },
  ]);
  expect(failures).toEqual([]);
  expect(open).toBe(0);
});

defect("5.1.3", ORDERED, async (placement) => {
  const { roots, open } = await traced(placement, [start("child", "stranger"), end("child")]);
  expect(roots).toMatchObject([{ id: "child", parentRunId: "stranger", traceId: "t", outputs: {} }]);
  expect(open).toBe(0);
});

defect("5.1.4", ORDERED, async (placement) => {
  const roots: TracedRun[] = [];
  await withPlaced(placement, ["KeepingTracer"], async (placed) => {
    const [run] = await new AsyncCallbackManager({ handlers: [placed.handler] }).onLLMStart(null, ["hi"]);
    for (let i = 0; i < 1000; i += 1) await run?.onLLMNewToken("token", { chunk: { text: "token" } });
    await run?.onLLMEnd({ generations: [] });
    roots.push(...(await taken<TracedRun>(placed, "persisted")));
  });
  expect(roots).toMatchObject([{ tokens: { count: 1000 }, events: [] }]);
  const { firstTime, lastTime } = roots[0]?.tokens ?? {};
  expect(firstTime).toBeLessThan(lastTime ?? 0);
  expect(JSON.stringify(roots)).not.toContain('"token"');
});

defect("5.1.5", ORDERED, async (placement) => {
  const records = [start("root"), start("twin", "root"), start("twin", "root"), end("twin"), end("root")];
  const { roots, failures } = await traced(placement, records);
  expect(roots).toMatchObject([{ id: "root", children: [{ id: "twin", endTime: expect.any(Number) }] }]);
  expect(roots[0]?.children).toHaveLength(1);
  expect(codes(failures)).toEqual([["on_chain_start", "twin", "SIDECALL_RUN_REUSED"]]);
});

defect("5.1.6", ORDERED, async (placement) => {
  const bad = [end("never"), start("root"), start("child", "root"), end("child"), end("child")];
  const early = [start("open", "root"), end("root"), end("open"), end("root")];
  const { roots, open, failures } = await traced(placement, [...bad, ...early]);
  expect(roots).toMatchObject([{ id: "root", children: [{ id: "child" }, { id: "open", endTime: null }] }]);
  expect(codes(failures)).toEqual([
    ["on_chain_end", "never", "SIDECALL_RUN_UNKNOWN"],
    ["on_chain_end", "child", "SIDECALL_RUN_ENDED"],
    ["on_chain_end", "root", "SIDECALL_RUN_LEFT_OPEN"],
    ["on_chain_end", "open", "SIDECALL_RUN_UNKNOWN"],
    ["on_chain_end", "root", "SIDECALL_RUN_UNKNOWN"],
  ]);
  for (const { runId, error } of failures) expect(Object(error).message).toContain(runId);
  expect(open).toBe(0);
});

defect("5.1.7", ORDERED, async (placement) => {
  const tool = (runId: string) => record("on_tool_start", runId, { input: "", traceId: "t" });
  const wrong = record("on_tool_end", "chain", { output: 1, traceId: "t" });
  const { roots, failures } = await traced(placement, [
    start("chain"),
    wrong,
    end("chain"),
    tool("tool"),
    end("tool"),
  ]);
  expect(roots).toMatchObject([{ id: "chain", outputs: {} }]);
  expect(codes(failures)).toEqual([
    ["on_tool_end", "chain", "SIDECALL_RUN_UNKNOWN"],
    ["on_chain_end", "tool", "SIDECALL_RUN_UNKNOWN"],
  ]);
  expect(failures.map(({ error }) => Object(error).message)).toEqual([
    expect.stringContaining("chain run chain"),
    expect.stringContaining("tool run tool"),
  ]);
});
