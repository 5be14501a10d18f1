import { RingConsumer } from "../../src/shared-memory/consumer.ts";
import { LaneCounters } from "../../src/shared-memory/counters.ts";
import { allocateRing } from "../../src/shared-memory/layout.ts";
import { FrameWriter } from "../../src/transports/lanes/frame-writer.ts";
import { EVENT, type FrameHead } from "../../src/wire/frames.ts";

/*
 * The two sides of a lane on one thread:
 *
 *   openLane()                             stepWorker(ring)
 *   writer ──────── frames ──────▶  ring ──▶ consumer       or a LaneLoop
 *   counters ◀────────── shared words ────── the same counters
 */

/** The head of an event's frame, where its contents do not matter. */
export const EVENT_HEAD: FrameHead = { kind: EVENT, code: 1, flags: 0, runNumber: 0, timestamp: 0 };

/** A lane's shared memory, with the main thread's side on it. The lane has one handler. */
export function openLane(ringBytes: number) {
  const ring = allocateRing(ringBytes);
  const counters = LaneCounters.allocate(1);
  const writer = new FrameWriter(ring, { overflow: "wait", maxBufferedBytes: 1024 });
  return {
    ring,
    counters,
    writer,
    /** Writes and publishes an event's frame. Returns the position behind it. */
    writeEvent(payload: Uint8Array = new Uint8Array(8), head: Partial<FrameHead> = {}): number {
      if (!writer.tryWrite({ ...EVENT_HEAD, ...head }, payload)) throw new Error("the ring is full");
      return writer.position;
    },
  };
}

/** The worker's side of a lane's ring: each step is the test's to take. */
export function stepWorker(ring: SharedArrayBuffer) {
  const consumer = new RingConsumer(ring);
  /** Takes the next visible entry. Returns false if there is none. */
  const handleNext = (): boolean => {
    const at = consumer.next();
    if (at >= 0) consumer.markDone(at);
    return at >= 0;
  };
  return {
    consumer,
    handleNext,
    /** Passes the next entry, which stays undone. */
    skipNext: () => void consumer.next(),
    release: () => void consumer.release(),
    /** Handles and releases every visible entry. Returns their number. */
    handleAll(): number {
      let entries = 0;
      while (handleNext()) entries += 1;
      consumer.release();
      return entries;
    },
  };
}
