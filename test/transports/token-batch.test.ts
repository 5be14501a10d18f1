import { performance } from "node:perf_hooks";
import { setImmediate as immediate } from "node:timers/promises";
import { beforeEach, expect, test, vi } from "vitest";
import { SLEEPING } from "../../src/shared-memory/layout.ts";
import { EVENT_HEAD, openLane, stepWorker } from "../support/lane.ts";

let millis = 1000;
vi.spyOn(performance, "now").mockImplementation(() => millis);
beforeEach(() => {
  millis = 1000;
});

/** A lane that gets tokens. `seen` counts the frames that have become visible to its worker. */
function lane(ringBytes = 64 * 1024) {
  const { ring, writer, writeEvent } = openLane(ringBytes);
  const { consumer, handleAll } = stepWorker(ring);
  const token = () => writer.tryWriteToken("a", 1, undefined);
  return { writer, writeEvent, consumer, token, seen: handleAll };
}

test("a token that comes alone is visible at once", () => {
  const { token, seen } = lane();
  for (let tokens = 0; tokens < 5; tokens += 1) {
    token();
    expect(seen()).toBe(1);
    millis += 1;
  }
});

test("tokens that follow closely become visible 32 at a time, and in the next turn of the event loop", async () => {
  const { token, seen } = lane();
  const visible = [];
  for (let tokens = 0; tokens < 70; tokens += 1) {
    token();
    visible.push(seen());
  }
  const places = visible.flatMap((frames, i) => (frames > 0 ? [[i + 1, frames]] : []));
  expect(places).toEqual([
    [1, 1],
    [33, 32],
    [65, 32],
  ]);
  await immediate();
  expect(seen()).toBe(5);
  await immediate();
  expect(seen()).toBe(0);
  token();
  await immediate();
  expect(seen()).toBe(1);
});

test("a sleeping lane is woken for tokens that are published at once, and for those that are batched", async () => {
  const { consumer, token, seen } = lane();
  const woken = () => consumer.wait(SLEEPING, 20_000);
  const first = woken();
  token();
  await expect(first).resolves.toBe(true);
  expect(seen()).toBe(1);
  const second = woken();
  token();
  await expect(second).resolves.toBe(true);
  expect(seen()).toBe(1);
});

test("batched tokens become visible after a pause, with any other frame, and when the lane is woken", () => {
  const { writer, writeEvent, token, seen } = lane();
  token();
  token();
  expect(seen()).toBe(1);
  millis += 1;
  token();
  expect(seen()).toBe(2);
  token();
  writeEvent();
  expect(seen()).toBe(2);
  token();
  writer.wake(true);
  expect(seen()).toBe(1);
});

test("batched tokens that fill the ring become visible when another frame waits for room", async () => {
  const { writer, token, seen } = lane(1024);
  let written = 0;
  while (token() >= 0) written += 1;
  const event = { payload: new Uint8Array(200), importance: "lifecycle" } as const;
  const room = writer.buffer(EVENT_HEAD, event, undefined);
  expect(seen()).toBe(written);
  await immediate();
  expect(writer.isReleased).toBe(false);
  writer.stop(new Error("over"));
  await expect(room).rejects.toThrow("over");
});

test("batched tokens become visible in an application that stops the timers", async () => {
  const { token, seen } = lane();
  vi.useFakeTimers({ toFake: ["setImmediate", "setTimeout"] });
  try {
    token();
    token();
  } finally {
    vi.useRealTimers();
  }
  await immediate();
  expect(seen()).toBe(2);
});
