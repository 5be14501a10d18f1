import { afterEach, describe, expect, test } from "vitest";
import { dispatch } from "../../src/core/dispatch.ts";
import {
  type AnyEventRecord,
  AsyncCallbackManager,
  type CallbackHandler,
  offThread,
} from "../../src/index.ts";
import { OffThreadHandler } from "../../src/offthread/off-thread-handler.ts";
import { collectFailures, PLACEMENTS, type Placed } from "../placements.ts";
import { recorder } from "../support/recorder.ts";
import { record } from "../support/records.ts";

/* Events that no manager sends, and mistakes of applications: none throws into the application or gets lost. */

const start = (runId: string, parentRunId?: string) =>
  record("on_chain_start", runId, { parentRunId, inputs: {} });
const end = (runId: string) => record("on_chain_end", runId, { outputs: {} });

const SEQUENCES: Readonly<Record<string, () => AnyEventRecord[]>> = {
  "a token of an unknown run": () => [
    record("on_llm_new_token", "unknown", { token: "x", index: { prompt: 0, completion: 0 } }),
  ],
  "an end without a start": () => [end("unknown")],
  "an error without a start": () => [record("on_llm_error", "unknown", { error: "bad" })],
  "two ends": () => [start("a"), end("a"), end("a")],
  "an error after the end": () => [start("a"), end("a"), record("on_chain_error", "a", { error: "late" })],
  "a text after the end": () => [start("a"), end("a"), record("on_text", "a", { text: "late" })],
  "an end before the child's": () => [start("a"), start("b", "a"), end("a"), end("b")],
  "a child of an unknown parent": () => [start("b", "unknown"), end("b")],
  "a child that is its own parent": () => [start("a", "a"), end("a")],
  "two starts of one run": () => [start("a"), start("a"), end("a"), end("a")],
  "a run that begins again": () => [start("a"), end("a"), start("a"), end("a")],
  "an end of another kind": () => [start("a"), record("on_tool_end", "a", { output: 1 }), end("a")],
  "a custom event of an unknown run": () => [
    record("on_custom_event", "unknown", { eventName: "e", data: 1, metadata: {} }),
  ],
};

describe.each(PLACEMENTS)("a handler placed $name", (placement) => {
  const open: Placed[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((placed) => placed.close()));
  });

  test.each(Object.keys(SEQUENCES))("gets %s unchanged, without failures or losses", async (name) => {
    const placed = await placement.place("Recorder");
    open.push(placed);
    const records = (SEQUENCES[name]?.() ?? []).map((each) => ({ ...each, traceId: "t" }));
    const failures = await collectFailures(async () => {
      for (const each of records) await dispatch([placed.handler], each);
      await placed.flush();
    });
    const taken = (await placed.call<AnyEventRecord[]>("take")).flat();
    const wanted = records.map(({ event, runId, timestamp }) => ({ event, runId, timestamp }));
    expect(taken.sort((a, b) => a.timestamp - b.timestamp)).toMatchObject(wanted);
    expect(failures).toEqual([]);
    if (placed.handler instanceof OffThreadHandler)
      expect(placed.handler.stats()).toMatchObject({ depth: 0 });
  });

  test("a second end by a run manager is dispatched, and reported with the run's id", async () => {
    const placed = await placement.place("Recorder");
    open.push(placed);
    const manager = new AsyncCallbackManager({ handlers: [placed.handler] });
    const run = await manager.onToolStart(null, "in");
    const failures = await collectFailures(async () => {
      await run.onToolEnd("once");
      await run.onToolEnd("twice");
      await run.onToolError(new Error("thrice"));
      await placed.flush();
    });
    const code = { code: "SIDECALL_RUN_ENDED", message: expect.stringContaining(run.runId) };
    expect(failures).toMatchObject([
      { event: "on_tool_end", runId: run.runId, error: code },
      { event: "on_tool_error", runId: run.runId, error: code },
    ]);
    expect((await placed.call<AnyEventRecord[]>("take")).flat()).toHaveLength(4);
  });
});

test("a handler cannot change the records of other handlers, and an attempt does not throw into the application", async () => {
  const spoil = (record: AnyEventRecord) => {
    Object.defineProperty(record, "event", {
      get: () => {
        throw new Error("spoilt");
      },
    });
  };
  const spoiler: CallbackHandler = { onEvent: spoil };
  const other = recorder();
  const failures = await collectFailures(async () => {
    await new AsyncCallbackManager({ handlers: [spoiler, other] }).onChainStart(null, {});
    const alone: CallbackHandler = {
      onEvent: (record) => {
        spoil(record);
        throw new Error("and failed");
      },
    };
    await new AsyncCallbackManager({ handlers: [alone] }).onChainStart(null, {});
  });
  expect(other.records).toMatchObject([{ event: "on_chain_start" }]);
  expect(failures).toMatchObject([
    { event: "on_chain_start", error: expect.any(TypeError) },
    { event: "on_chain_start", error: { message: "and failed" } },
  ]);
});

test("handlers of one lane cannot change each other's records", async () => {
  const module = new URL("../fixtures/handlers.js", import.meta.url);
  const specs = ["RecordMutator", "Recorder"].map((name) => ({ module, export: name, name }));
  const handler = await offThread(specs);
  const failures = await collectFailures(async () => {
    await new AsyncCallbackManager({ handlers: [handler] }).onChainStart(null, {});
    await handler.flush();
  });
  expect(failures).toMatchObject([{ handler: "RecordMutator", event: "on_chain_start" }]);
  expect(await handler.remotes["Recorder"]?.["take"]?.()).toMatchObject([[{ event: "on_chain_start" }]]);
  await handler.close();
});
