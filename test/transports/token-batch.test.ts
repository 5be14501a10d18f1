import { performance } from "node:perf_hooks";
import { setImmediate as immediate } from "node:timers/promises";
import { beforeEach, expect, test, vi } from "vitest";
import { RingConsumer } from "../../src/shared-memory/consumer.ts";
import { allocateRing, SLEEPING } from "../../src/shared-memory/layout.ts";
import { FrameWriter } from "../../src/transports/lanes/frame-writer.ts";
import { EVENT } from "../../src/wire/frames.ts";

const HEAD = { kind: EVENT, code: 1, flags: 0, runNumber: 0, timestamp: 0 };

let millis = 1000;
vi.spyOn(performance, "now").mockImplementation(() => millis);
beforeEach(() => {
  millis = 1000;
});

/** A writer, and how many frames its lane can see that it has not seen yet. */
function lane(ringBytes = 64 * 1024) {
  const ring = allocateRing(ringBytes);
  const consumer = new RingConsumer(ring);
  const writer = new FrameWriter(ring, { overflow: "wait", maxBufferedBytes: 1024 });
  return {
    writer,
    consumer,
    token: () => writer.tryWriteToken("a", 1, undefined),
    seen() {
      let frames = 0;
      for (let offset = consumer.next(); offset >= 0; offset = consumer.next()) {
        consumer.markDone(offset);
        frames += 1;
      }
      consumer.release();
      return frames;
    },
  };
}

test("a token that comes alone is visible at once", () => {
  const { token, seen } = lane();
  for (let tokens = 0; tokens < 5; tokens += 1) {
    token();
    expect(seen()).toBe(1);
    millis += 1;
  }
});

test("tokens that follow closely are visible 32 at a time, and when the event loop comes round", async () => {
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

test("a lane that sleeps is woken for them, be they published at once or later", async () => {
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

test("a pause makes them visible, and so does every other frame, and whoever wakes the lane", () => {
  const { writer, token, seen } = lane();
  token();
  token();
  expect(seen()).toBe(1);
  millis += 1;
  token();
  expect(seen()).toBe(2);
  token();
  expect(writer.tryWrite(HEAD, new Uint8Array(8))).toBe(true);
  expect(seen()).toBe(2);
  token();
  writer.wake(true);
  expect(seen()).toBe(1);
});

test("in a ring that they fill they do not wait for ever", async () => {
  const { writer, token, seen } = lane(1024);
  let written = 0;
  while (token() >= 0) written += 1;
  const event = { payload: new Uint8Array(200), importance: "lifecycle" } as const;
  const room = writer.buffer(HEAD, event, undefined);
  expect(seen()).toBe(written);
  await immediate();
  expect(writer.isReleased).toBe(false);
  writer.stop(new Error("over"));
  await expect(room).rejects.toThrow("over");
});

test("an application that stops the timers has its tokens seen all the same", async () => {
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
