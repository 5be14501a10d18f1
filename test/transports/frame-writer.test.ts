import { expect, test } from "vitest";
import { allocateRing } from "../../src/shared-memory/layout.ts";
import { FrameWriter } from "../../src/transports/lanes/frame-writer.ts";
import { collectGarbage } from "../support/garbage.ts";
import { EVENT_HEAD } from "../support/lane.ts";

const OPTIONS = { overflow: "wait", maxBufferedBytes: 1 << 20 } as const;

test("a writer that is stopped while frames wait for room is garbage-collected", async () => {
  const stopped = async () => {
    const writer = new FrameWriter(allocateRing(1024), OPTIONS);
    const event = { payload: new Uint8Array(4096), importance: "lifecycle" } as const;
    const written = writer.buffer(EVENT_HEAD, event, undefined);
    writer.stop(new RangeError("stopped"));
    await expect(written).rejects.toThrow(RangeError);
    return new WeakRef(writer);
  };
  const writers = await Promise.all(Array.from({ length: 5 }, stopped));
  await collectGarbage();
  expect(writers.filter((writer) => writer.deref() !== undefined)).toEqual([]);
});
