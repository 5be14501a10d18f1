import { expose } from "comlink";
import type { LaneControl, LaneSetup, LoadResult } from "../src/offthread/protocol.ts";
import { encodeValue } from "../src/wire/codec.ts";
import { LaneLoop } from "./lane-loop.ts";
import { describeSlots, type HandlerSlot, loadHandlers } from "./load-handlers.ts";

/** Calls `flush` or `close` of every handler that has it, all together. Gives back the msgpack of what they threw. */
async function callAll(
  slots: readonly HandlerSlot[],
  verb: "flush" | "close",
): Promise<readonly Uint8Array[]> {
  const results = await Promise.allSettled(slots.map(async ({ handler }) => handler[verb]?.()));
  return results.flatMap((result) =>
    result.status === "rejected" ? [encodeValue(result.reason).slice()] : [],
  );
}

function controlOf(loop: LaneLoop, slots: readonly HandlerSlot[]): LaneControl {
  return {
    async flush(position) {
      await loop.settled(position);
      return callAll(slots, "flush");
    },
    close: () => callAll(slots, "close"),
    async call(handler, method, args) {
      const slot = slots[handler];
      const called: unknown = slot === undefined ? undefined : Reflect.get(slot.handler, method);
      if (slot === undefined || typeof called !== "function") {
        throw new TypeError(`handler ${slot?.name} has no method ${method}`);
      }
      return Reflect.apply(called, slot.handler, args);
    },
  };
}

/** The task that makes this thread into a lane. It is done when the handlers are loaded; the lane lives on. */
export default async function openLane(setup: LaneSetup): Promise<LoadResult> {
  const slots = await loadHandlers(setup.specs, setup.context);
  if ("code" in slots) return { failure: slots };
  const loop = new LaneLoop(setup, slots);
  expose(controlOf(loop, slots), setup.control);
  void loop.run();
  return { handlers: describeSlots(slots) };
}
