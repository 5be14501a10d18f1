import { expect, test } from "vitest";
import { FrameBacklog } from "../../src/transports/lanes/frame-backlog.ts";
import { FRAME_HEAD_BYTES } from "../../src/wire/frames.ts";
import { EVENT_HEAD } from "../support/lane.ts";
import { isPending } from "../support/tasks.ts";

/** The lowest byte of a frame's run number. */
const RUN_NUMBER_OFFSET = 4;
const PAYLOAD = new Uint8Array(50_000);

const NEWEST_DROPPABLE = {
  isVictim: (importance: string) => importance === "droppable",
  evictFrom: "newest",
} as const;

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

test.each([
  { evictFrom: "newest", kept: [0, 1, 3] },
  { evictFrom: "oldest", kept: [0, 3, 4] },
] as const)("gives up as many victims as needed, the $evictFrom first", ({ evictFrom, kept }) => {
  const backlog = new FrameBacklog(() => undefined);
  const importances = ["droppable", "droppable", "droppable", "lifecycle", "droppable"] as const;
  for (const [i, importance] of importances.entries()) {
    void backlog.add({ ...EVENT_HEAD, runNumber: i }, new Uint8Array(8), importance);
  }
  // More than one frame, and less than two.
  backlog.evict(30, { isVictim: (importance) => importance === "droppable", evictFrom });
  const left: number[] = [];
  for (let frame = backlog.first(); frame !== undefined; frame = backlog.first()) {
    left.push(frame[RUN_NUMBER_OFFSET] ?? -1);
    backlog.shift(0);
  }
  expect(left).toEqual(kept);
});
