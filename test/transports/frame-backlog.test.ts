import { expect, test } from "vitest";
import { FrameBacklog } from "../../src/transports/lanes/frame-backlog.ts";
import { EVENT, FRAME_HEAD_BYTES } from "../../src/wire/frames.ts";
import { isPending } from "../support/tasks.ts";

const HEAD = { kind: EVENT, code: 1, flags: 0, runNumber: 0, timestamp: 0 };
const PAYLOAD = new Uint8Array(50_000);

const NEWEST_DROPPABLE = {
  isVictim: (importance: string) => importance === "droppable",
  evictFrom: "newest",
} as const;

test("what waits for dropped frames waits for the older ones that stay", async () => {
  let dropped = 0;
  const backlog = new FrameBacklog((events) => {
    dropped += events;
  });
  // Each in a block of its own.
  const written = (["lifecycle", "droppable", "droppable"] as const).map((importance) =>
    backlog.add(HEAD, PAYLOAD, importance),
  );
  const drained = backlog.written;
  backlog.evict(2 * PAYLOAD.byteLength, NEWEST_DROPPABLE);
  expect(dropped).toBe(2);
  expect(backlog).toMatchObject({ length: 1, bytes: FRAME_HEAD_BYTES + PAYLOAD.byteLength });
  for (const each of [...written, drained, backlog.written]) {
    expect(await isPending(Promise.resolve(each))).toBe(true);
  }
  backlog.shift(0);
  await Promise.all([...written, drained]);
  expect(backlog.written).toBeUndefined();
});
