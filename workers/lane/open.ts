import { expose } from "comlink";
import type { LaneSetup, LoadResult } from "../../src/wire/protocol.ts";
import { controlOf } from "../control.ts";
import { describeSlots, loadHandlers } from "../load-handlers.ts";
import { LaneLoop } from "./loop.ts";

/** The task that makes this thread into a lane. It is done when the handlers are loaded; the lane lives on. */
export default async function openLane(setup: LaneSetup): Promise<LoadResult> {
  const slots = await loadHandlers(setup.specs, setup.context);
  if ("code" in slots) return { failure: slots };
  const loop = new LaneLoop(setup, slots);
  expose(
    controlOf(slots, (position) => loop.released(position)),
    setup.control,
  );
  // Not before the main thread has this task's answer: an event may end the thread.
  setImmediate(() => void loop.run());
  return { handlers: describeSlots(slots) };
}
