import { expect } from "vitest";
import {
  AsyncCallbackManager,
  dispatchCustomEvent,
  type StreamEvent,
  streamEvents,
} from "../../src/index.ts";
import { collectFailures, PLACEMENTS } from "../placements.ts";
import { step } from "../support/steps.ts";
import { defect, NO_PLACEMENT, row } from "./row.ts";
import { names, sequence, stream, tool } from "./streamed.ts";

row(45, PLACEMENTS, async (placement) => {
  const data = [{ x: 1 }, "text"];
  const run = step("f", async () => {
    for (const each of data) await dispatchCustomEvent("mine", each);
    return 1;
  });
  const read = await stream(placement, () => run());
  expect(names(read)).toEqual([
    "on_chain_start f",
    ...data.map(() => "on_custom_event mine"),
    "on_chain_stream f",
    "on_chain_end f",
  ]);
  expect(read.events.slice(1, 3).map((event) => event.data)).toEqual(data);
  expect(new Set(read.events.map(({ run_id }) => run_id)).size).toBe(1);
});

row(46, PLACEMENTS, async (placement) => {
  const child = step("child", () => dispatchCustomEvent("mine", 1));
  const { events } = await stream(placement, () => step("root", () => child())());
  const [root, start, custom] = events;
  expect(custom).toMatchObject({
    event: "on_custom_event",
    run_id: start?.run_id,
    parent_ids: [root?.run_id],
  });
});

row(47, PLACEMENTS, async (placement) => {
  const run = tool("t", () => dispatchCustomEvent("mine", 1));
  const read = await stream(placement, () => run({ x: 1 }));
  expect(names(read)).toEqual(["on_tool_start t", "on_custom_event mine", "on_tool_end t"]);
});

row(94, PLACEMENTS, async (placement) => {
  const read = await stream(placement, () => sequence("hello"), { includeNames: ["1"] });
  expect(names(read)).toEqual(["on_chain_start 1", "on_chain_stream 1", "on_chain_end 1"]);
  expect(read.events[0]?.data).toEqual({ input: "hello" });
});

row(95, PLACEMENTS, async (placement) => {
  const tagged = (name: string) =>
    step(name, () => 1, { configure: { localTags: [name === "c" ? "other" : "mine"] } });
  const all = async () => {
    for (const name of ["a", "b", "c"]) await tagged(name)();
  };
  const read = await stream(placement, all, { includeTags: ["mine"], excludeNames: ["b"] });
  expect(names(read)).toEqual(["on_chain_start a", "on_chain_stream a", "on_chain_end a"]);
});

row(105, PLACEMENTS, async (placement) => {
  const run = ["third", "second", "first"].reduce(
    (inner, runId) => step(runId, () => inner(), { start: { runId } }),
    step("innermost", () => 1, { streams: false }),
  );
  const { events } = await stream(placement, () => run(), { excludeNames: ["innermost"] });
  const ends = events.filter(({ event }) => event !== "on_chain_stream");
  expect(ends.map(({ run_id, parent_ids }) => [run_id, parent_ids])).toEqual([
    ["first", []],
    ["second", ["first"]],
    ["third", ["first", "second"]],
    ["third", ["first", "second"]],
    ["second", ["first"]],
    ["first", []],
  ]);
});

/** A parent with a child of the same id; no recorder beside it, since replaying its records would fail. */
async function reuse() {
  const child = step("child", () => "child", { start: { runId: "same" } });
  const parent = step("parent", () => child(), { start: { runId: "same" } });
  const events: StreamEvent[] = [];
  const all = streamEvents(() => parent());
  const failures = await collectFailures(async () => {
    for await (const event of all) events.push(event);
  });
  return { events, failures, result: await all.result };
}

row(106, NO_PLACEMENT, async () => {
  const { failures, result } = await reuse();
  expect(result).toBe("child");
  const reused = { handler: "EventStreamHandler", runId: "same", error: { code: "SIDECALL_RUN_REUSED" } };
  expect(failures).toMatchObject([
    { ...reused, event: "on_chain_start" },
    { ...reused, event: "on_chain_end" },
  ]);
});

defect("5.2.2", NO_PLACEMENT, async () => {
  const expected = ["on_chain_start parent", "on_chain_stream parent", "on_chain_end parent"];
  expect(names(await reuse())).toEqual(expected);
});

row(107, PLACEMENTS, async (placement) => {
  const read = await stream(placement, async ({ callbacks }) => {
    const [run] = await AsyncCallbackManager.configure({
      inheritable: callbacks,
      local: callbacks,
    }).onChatModelStart({ name: "model" }, [[]]);
    await run?.onLLMNewToken("a");
    await run?.onLLMEnd({ generations: [] });
  });
  const phases = ["start", "stream", "end"];
  expect(names(read)).toEqual(phases.map((phase) => `on_chat_model_${phase} model`));
});

defect("c30", PLACEMENTS, async (placement) => {
  const run = step("root", async () => {
    await step("broken", () => Promise.reject(new Error("no")))().catch(() => step("fallback", () => 1)());
  });
  const { events } = await stream(placement, () => run());
  const [root, broken] = events;
  const fallback = events.find(({ name }) => name === "fallback");
  expect(fallback?.parent_ids).toEqual([root?.run_id]);
  expect(broken).toMatchObject({ name: "broken", parent_ids: [root?.run_id] });
});
