import { expect } from "vitest";
import { AsyncCallbackManager, type EventRecord } from "../../src/index.ts";
import { collectFailures, type FixtureName, PLACEMENTS, type Placement } from "../placements.ts";
import { HANDLED, taken, withPlaced } from "./placed.ts";
import { defect, row } from "./row.ts";

const CHAT = [{ role: "user", content: "Hi" }];
type Start = EventRecord<"on_llm_start">;

function fallsBackOnce(name: FixtureName) {
  return (placement: Placement) =>
    withPlaced(placement, [name], async (placed) => {
      const manager = new AsyncCallbackManager({ handlers: [placed.handler] });
      const [run] = await manager.onChatModelStart({ name: "chat" }, [CHAT]);
      const starts = await taken<Start>(placed);
      expect(starts).toMatchObject([{ event: "on_llm_start", runId: run?.runId, prompts: ["Human: Hi"] }]);
    });
}

/** A handler without a method for an event neither fails nor keeps the event from another. */
function skipsQuietly(name: FixtureName) {
  return (placement: Placement) =>
    withPlaced(placement, [name, "Recorder"], async (placed, recorder) => {
      if (recorder === undefined) throw new Error("two are placed");
      const handlers = [placed.handler, recorder.handler];
      const failures = await collectFailures(async () => {
        await new AsyncCallbackManager({ handlers }).onToolStart(null, "in");
        expect(await taken(recorder)).toMatchObject([{ event: "on_tool_start" }]);
      });
      expect(failures).toEqual([]);
      expect(await taken(placed)).toEqual([]);
    });
}

row(25, PLACEMENTS, fallsBackOnce("PromptsOnly"));
row(26, PLACEMENTS, skipsQuietly("PromptsOnly"));
row(27, PLACEMENTS, fallsBackOnce("AsyncPromptsOnly"));
row(28, PLACEMENTS, skipsQuietly("AsyncPromptsOnly"));

row(29, HANDLED, async (placement) => {
  await withPlaced(placement, ["PromptsOnly", "AsyncPromptsOnly"], async (...placed) => {
    const handlers = placed.map(({ handler }) => handler);
    await new AsyncCallbackManager({ handlers }).onChatModelStart(null, [CHAT]);
    // No flush: the dispatch itself waits for the handler.
    for (const each of placed) expect((await each.call<Start[]>("take")).flat()).toHaveLength(1);
  });
});

defect("1.2", PLACEMENTS, async (placement) => {
  await withPlaced(placement, ["PromptsOnly"], async (placed) => {
    const manager = new AsyncCallbackManager({ handlers: [placed.handler], tags: ["t"], metadata: { m: 1 } });
    const options = { runId: "given", name: "named", extra: { batchSize: 1 } };
    await manager.onChatModelStart(null, [CHAT], options);
    expect(await taken<Start>(placed)).toMatchObject([
      { ...options, prompts: ["Human: Hi"], tags: ["t"], metadata: { m: 1 } },
    ]);
  });
});
