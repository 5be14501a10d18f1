import { expect } from "vitest";
import {
  type AnyEventRecord,
  AsyncCallbackManager,
  type AsyncCallbackManagerForChainGroup,
  streamEvents,
  traceAsChainGroup,
  withRun,
} from "../../src/index.ts";
import { collectFailures, PLACEMENTS, type Placed, type Placement } from "../placements.ts";
import { gate } from "../support/gate.ts";
import { isError, KIND_NAMES, KINDS, wrongEnds } from "../support/runs-of-kinds.ts";
import { taken, withPlaced } from "./placed.ts";
import { other } from "./row.ts";

const reason = new RangeError("the client is gone");

async function recordsOf(placed: Placed): Promise<AnyEventRecord[]> {
  return taken<AnyEventRecord>(placed);
}

/** Ids of the runs that failed: in order, where the placement has one. */
function failedRuns(records: readonly AnyEventRecord[], { isOrdered }: Placement): string[] {
  const ids = records.filter(isError).map(({ runId }) => runId);
  return isOrdered ? ids : ids.sort();
}

function expected(ids: readonly (string | undefined)[], { isOrdered }: Placement): (string | undefined)[] {
  return isOrdered ? [...ids] : [...ids].sort();
}

for (const kind of KIND_NAMES) {
  const { start, events } = KINDS[kind];
  other("e1", PLACEMENTS, async (placement) => {
    const guard = { failsAt: [events[0]], raiseError: true };
    await withPlaced(placement, ["Recorder", ["Scripted", guard]], async (...placed) => {
      const manager = new AsyncCallbackManager({ handlers: placed.map(({ handler }) => handler) });
      const failures = await collectFailures(async () => {
        await expect(start(manager)).rejects.toMatchObject({ name: "RangeError", message: events[0] });
      });
      const records = await recordsOf(placed[0]);
      expect(records.map(({ event }) => event).sort()).toEqual([...events].sort());
      expect(records.find(isError)).toMatchObject({ error: { message: events[0] } });
      expect(wrongEnds(records)).toEqual([]);
      expect(failures).toMatchObject([{ event: events[0] }]);
    });
  });
}

other("e1", PLACEMENTS, async (placement) => {
  const guard = { failsAt: ["on_llm_start"], raiseError: true };
  await withPlaced(placement, ["Recorder", ["Scripted", guard]], async (...placed) => {
    const manager = new AsyncCallbackManager({ handlers: placed.map(({ handler }) => handler) });
    await collectFailures(async () => {
      await expect(manager.onLLMStart(null, ["a", "b", "c"])).rejects.toThrow("on_llm_start");
    });
    const records = await recordsOf(placed[0]);
    expect([records.length, wrongEnds(records)]).toEqual([6, []]);
  });
});

/** A run of each kind, each below the one before; the last two have no manager of their own for runs below. */
async function everyKindBelow(manager: AsyncCallbackManager) {
  const chain = await manager.onChainStart(null, {});
  const tool = await chain.getChild().onToolStart(null, "in");
  const retriever = await tool.getChild().onRetrieverStart(null, "q");
  const [model] = await retriever.getChild().onLLMStart(null, ["p"]);
  if (model === undefined) throw new Error("no run");
  return { chain, tool, retriever, model };
}

other("e2", PLACEMENTS, async (placement) => {
  await withPlaced(placement, ["Recorder"], async (placed) => {
    const controller = new AbortController();
    const { open, opened } = gate();
    let ids: string[] = [];
    let late: Promise<unknown> = Promise.resolve();
    const options = { callbacks: [placed.handler], signal: controller.signal };
    const failures = await collectFailures(async () => {
      const group = traceAsChainGroup("group", options, async (manager) => {
        const { chain, tool, retriever, model } = await everyKindBelow(manager);
        const ended = await manager.onToolStart(null, "ended");
        await ended.onToolEnd("out");
        ids = [model, retriever, tool, chain, manager.run].map(({ runId }) => runId);
        controller.abort(reason);
        late = opened.then(async () => {
          await model.onLLMEnd({ generations: [] });
          await retriever.onRetrieverError(new Error("late"));
          await tool.onToolEnd("late");
          await chain.onChainEnd("late");
          await manager.run.onChainEnd("late");
          expect([model.hasEnded, chain.hasEnded, manager.hasEnded]).toEqual([true, true, true]);
        });
        await late;
      });
      await expect(group).rejects.toBe(reason);
      open();
      await late;
    });
    const records = await recordsOf(placed);
    expect(failures).toEqual([]);
    expect(wrongEnds(records)).toEqual([]);
    expect(failedRuns(records, placement)).toEqual(expected(ids, placement));
    for (const record of records.filter(isError)) {
      expect(record).toMatchObject({ aborted: true, error: { name: "RangeError", message: reason.message } });
    }
  });
});

/** Groups, each within the one before and with a model's run that is left open; calls `body` in the innermost one. */
async function groupsWithin(
  depth: number,
  above: AsyncCallbackManager,
  body: () => Promise<void>,
): Promise<void> {
  if (depth === 0) return body();
  return traceAsChainGroup(`group ${depth}`, { callbacks: above }, async (group) => {
    await group.onLLMStart(null, ["left open"]);
    await groupsWithin(depth - 1, group, body);
  });
}

other("e3", PLACEMENTS, async (placement) => {
  await withPlaced(placement, ["Recorder"], async (placed) => {
    const [begun, beside] = [gate(), gate()];
    let rest: Promise<unknown> = Promise.resolve();
    const error = new RangeError("mine");
    const body = async (group: AsyncCallbackManagerForChainGroup) => {
      rest = groupsWithin(3, group, async () => {
        begun.open();
        await beside.opened;
      });
      await begun.opened;
      throw error;
    };
    const failures = await collectFailures(async () => {
      await expect(traceAsChainGroup("outer", { callbacks: [placed.handler] }, body)).rejects.toBe(error);
      beside.open();
      await rest;
    });
    const records = await recordsOf(placed);
    expect(failures).toEqual([]);
    expect(wrongEnds(records)).toEqual([]);
    const errors = records.filter(isError);
    expect(errors).toHaveLength(7);
    for (const record of errors) expect(record).not.toHaveProperty("aborted");
    if (!placement.isOrdered) return;
    for (const [i, { parentRunId }] of errors.entries()) {
      const above = errors.findIndex(({ runId }) => runId === parentRunId);
      expect(above === -1 ? errors.length : above).toBeGreaterThan(i);
    }
  });
});

other("e4", PLACEMENTS, async (placement) => {
  await withPlaced(placement, ["Recorder"], async (placed) => {
    const { open, opened } = gate();
    const stream = streamEvents(
      async ({ callbacks }) => {
        const { model, tool } = await everyKindBelow(callbacks);
        await model.onLLMNewToken("t");
        await opened;
        await tool.onToolEnd("late");
      },
      { callbacks: [placed.handler] },
    );
    const failures = await collectFailures(async () => {
      for await (const { event } of stream) if (event === "on_llm_stream") break;
      open();
      await stream.result;
    });
    const records = await recordsOf(placed);
    expect(failures).toEqual([]);
    expect(wrongEnds(records)).toEqual([]);
    const errors = records.filter(isError);
    expect(errors).toHaveLength(4);
    for (const each of errors) {
      expect(each).toMatchObject({ aborted: true, error: { code: "SIDECALL_STREAM_LEFT" } });
    }
  });
});

other("e5", PLACEMENTS, async (placement) => {
  await withPlaced(placement, ["Recorder"], async (placed) => {
    async function* words() {
      for (const word of ["Why", " did", " it"]) {
        const [run] = await AsyncCallbackManager.configure().onLLMStart(null, [word]);
        await run?.onLLMEnd({ generations: [[{ text: word }]] });
        yield word;
      }
      return "Why did it";
    }
    const stream = await traceAsChainGroup("answer", { callbacks: [placed.handler] }, words);
    const read: string[] = [];
    for await (const word of stream) read.push(word);
    expect(read).toEqual(["Why", " did", " it"]);
    const records = await recordsOf(placed);
    const group = records.find(({ event }) => event === "on_chain_start");
    const models = records.filter(({ event }) => event === "on_llm_start");
    expect(models.map(({ parentRunId }) => parentRunId)).toEqual(Array(3).fill(group?.runId));
    expect(wrongEnds(records)).toEqual([]);
    const end = records.find(({ event }) => event === "on_chain_end");
    expect(end).toMatchObject({ outputs: "Why did it" });
    if (placement.isOrdered) expect(records.at(-1)).toBe(end);
  });
});

other("e6", PLACEMENTS, async (placement) => {
  await withPlaced(placement, ["Recorder"], async (placed) => {
    const options = { callbacks: [placed.handler] };
    const answer = await withRun("tool", { name: "tool", input: "in" }, options, async () => {
      const documents = await withRun("retriever", { query: "q" }, {}, async () => ["It rains."]);
      const text = await withRun("llm", { prompt: "p" }, {}, async () => documents.join());
      const messages = [{ role: "user", content: text }];
      return withRun("chatModel", { messages }, {}, async () => ({
        role: "assistant",
        content: "So it does.",
      }));
    });
    expect(answer).toEqual({ role: "assistant", content: "So it does." });
    const records = await recordsOf(placed);
    expect(wrongEnds(records)).toEqual([]);
    const [top, ...below] = records.filter(({ event }) => event.endsWith("_start"));
    if (placement.isOrdered) {
      expect(below.map(({ parentRunId }) => parentRunId)).toEqual(Array(3).fill(top?.runId));
    }
    const ends = records.filter(({ event }) => event.endsWith("_end"));
    expect(ends.find(({ event }) => event === "on_retriever_end")).toMatchObject({
      documents: ["It rains."],
    });
    const texts = ends.map((end) =>
      "response" in end ? end.response?.generations[0]?.[0]?.text : undefined,
    );
    expect(texts.filter((text) => text !== undefined).sort()).toEqual(["It rains.", "So it does."]);
    expect(ends.find(({ event }) => event === "on_tool_end")).toMatchObject({ output: answer });
  });
});
