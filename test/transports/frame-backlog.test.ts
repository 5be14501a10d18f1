import { expect, test } from "vitest";
import { FrameBacklog } from "../../src/transports/lanes/frame-backlog.ts";
import { FRAME_HEAD_BYTES } from "../../src/wire/frames.ts";
import { EVENT_HEAD } from "../support/lane.ts";
import { isPending } from "../support/tasks.ts";

const PAYLOAD = new Uint8Array(50_000);

test("callers of dropped frames wait for the older frames that stay", async () => {
  let dropped = 0;
  const backlog = new FrameBacklog((events) => {
    dropped += events;
  });
  // Large enough that each takes a block of its own.
  const written = (["lifecycle", "droppable", "droppable"] as const).map((importance) =>
    backlog.add(EVENT_HEAD, PAYLOAD, importance),
  );
  const drained = backlog.written;
  backlog.evict(2 * PAYLOAD.byteLength, (importance) => importance === "droppable");
  expect(dropped).toBe(2);
  expect(backlog).toMatchObject({ length: 1, bytes: FRAME_HEAD_BYTES + PAYLOAD.byteLength });
  for (const each of [...written, drained, backlog.written]) {
    expect(await isPending(Promise.resolve(each))).toBe(true);
  }
  backlog.shift(0);
  await Promise.all([...written, drained]);
  expect(backlog.written).toBeUndefined();
});
