import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "vitest";
import {
  type AnyEventRecord,
  AsyncCallbackManager,
  currentRun,
  InMemoryTracer,
  type TracedRun,
  withContext,
} from "../../src/index.ts";
import { PLACEMENTS } from "../placements.ts";
import { taken, withPlaced } from "./placed.ts";
import { NO_PLACEMENT, row } from "./row.ts";

type Body = () => Promise<void>;
type Seen = Pick<TracedRun, "id" | "parentRunId" | "traceId" | "dottedOrder" | "tags">;

const family = (run: TracedRun): TracedRun[] => [run, ...run.children.flatMap(family)];

/** Two systems that trace: this package's managers with a tracer, and one that keeps its own runs. */
class TwoSystems {
  readonly tracer = new InMemoryTracer();
  readonly #elsewhere: Seen[] = [];

  get all(): Seen[] {
    return [...this.tracer.runs.flatMap(family), ...this.#elsewhere];
  }

  async here(body: Body): Promise<void> {
    const isRoot = currentRun() === undefined;
    const manager = AsyncCallbackManager.configure(
      isRoot ? { inheritable: [this.tracer], localTags: ["the root's"] } : {},
    );
    const run = await manager.onChainStart(null, {});
    await withContext({ run }, body);
    await run.onChainEnd({});
  }

  async elsewhere(body: Body): Promise<void> {
    const parent = this.tracer.openRuns.flatMap(family).find(({ id }) => id === currentRun()?.runId);
    if (parent === undefined) throw new Error("the run around is not traced here");
    const [id, { traceId }] = [randomUUID(), parent];
    const dottedOrder = `${parent.dottedOrder}.20260101T000000000000Z${id}`;
    this.#elsewhere.push({ id, parentRunId: parent.id, traceId, dottedOrder, tags: [] });
    this.tracer.adopt({ id, traceId, dottedOrder });
    await withContext({ run: { runId: id, traceId } }, body);
  }
}

/** Six functions, one in the other, alternately in the one system and in the other. */
async function sixNested(pause: Body): Promise<void> {
  const systems = new TwoSystems();
  const nest = async (depth: number): Promise<void> => {
    await pause();
    const body = () => (depth === 6 ? pause() : nest(depth + 1));
    await (depth % 2 === 1 ? systems.here(body) : systems.elsewhere(body));
  };
  await nest(1);
  const runs = systems.all.sort((a, b) => a.dottedOrder.length - b.dottedOrder.length);
  expect(runs.map(({ tags }) => tags)).toEqual([["the root's"], [], [], [], [], []]);
  for (const [i, run] of runs.entries()) {
    const parent = runs[i - 1];
    expect(run).toMatchObject({ traceId: runs[0]?.id, parentRunId: parent?.id ?? null });
    expect(run.dottedOrder.split(".")).toHaveLength(i + 1);
    if (parent !== undefined) expect(run.dottedOrder.startsWith(`${parent.dottedOrder}.`)).toBe(true);
  }
}

row(77, NO_PLACEMENT, () => sixNested(() => Promise.resolve()));

row(78, NO_PLACEMENT, () =>
  sixNested(async () => {
    await delay(0);
    await new Promise<void>((resolve) => queueMicrotask(resolve));
  }),
);

row(68, PLACEMENTS, async (placement) => {
  await withPlaced(placement, ["Recorder"], async (placed) => {
    const elsewhere = { runId: "outer", traceId: "the trace" };
    const run = await withContext({ run: elsewhere }, async () => {
      const tool = await AsyncCallbackManager.configure({ inheritable: [placed.handler] }).onToolStart(
        null,
        "in",
      );
      await tool.getChild().onLLMStart(null, ["p"]);
      return tool;
    });
    const starts = (await taken<AnyEventRecord>(placed)).sort((a, b) => a.event.localeCompare(b.event));
    expect(starts).toMatchObject([
      { event: "on_llm_start", parentRunId: run.runId, traceId: "the trace" },
      { event: "on_tool_start", parentRunId: "outer", traceId: "the trace" },
    ]);
  });
});
