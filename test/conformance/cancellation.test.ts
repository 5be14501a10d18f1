import { expect } from "vitest";
import { type AnyEventRecord, AsyncCallbackManager } from "../../src/index.ts";
import { PLACEMENTS } from "../placements.ts";
import { taken, withPlaced } from "./placed.ts";
import { defect } from "./row.ts";

const reason = new RangeError("the client is gone");

defect("3.3.1", PLACEMENTS, async (placement) => {
  await withPlaced(placement, ["Recorder"], async (placed) => {
    const controller = new AbortController();
    const manager = new AsyncCallbackManager({ handlers: [placed.handler], signal: controller.signal });
    const [ended, failed] = [await manager.onToolStart(null, "1"), await manager.onToolStart(null, "2")];
    // One event is under way when the run is cancelled, one is sent afterwards.
    const end = ended.onToolEnd("out");
    controller.abort(reason);
    await end;
    await failed.onToolError(reason);
    const events = (await taken<AnyEventRecord>(placed)).map(({ event }) => event);
    expect(events.sort()).toEqual(["on_tool_end", "on_tool_error", "on_tool_start", "on_tool_start"]);
  });
});

defect("c31", PLACEMENTS, async (placement) => {
  await withPlaced(placement, ["Recorder", ["Failing", { raiseError: true }]], async (...placed) => {
    const controller = new AbortController();
    const handlers = placed.map(({ handler }) => handler);
    const manager = new AsyncCallbackManager({ handlers, signal: controller.signal });
    const [model] = await manager.onLLMStart(null, ["p"]);
    controller.abort(reason);
    await expect(model?.onLLMNewToken("t")).rejects.toBe(reason);
    await expect(manager.onChainStart(null, {})).rejects.toBe(reason);
    expect(await taken(placed[0])).toHaveLength(1);
  });
});
