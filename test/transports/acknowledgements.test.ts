import { performance } from "node:perf_hooks";
import { setImmediate as immediate } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import type { ReportedFailure } from "../../src/core/failures.ts";
import { RingConsumer } from "../../src/shared-memory/consumer.ts";
import { LaneCounters } from "../../src/shared-memory/counters.ts";
import { allocateRing } from "../../src/shared-memory/layout.ts";
import { RingProducer } from "../../src/shared-memory/producer.ts";
import { Acknowledgements } from "../../src/transports/lanes/acknowledgements.ts";
import { FrameWriter } from "../../src/transports/lanes/frame-writer.ts";
import { encodeCopy } from "../../src/wire/codec.ts";
import { EVENT } from "../../src/wire/frames.ts";
import type { LaneReport } from "../../src/wire/protocol.ts";

// However slow the machine, the watch looks on.
vi.spyOn(performance, "now").mockReturnValue(1000);

/** Both sides of a lane on one thread: each step of the lane's is the test's to take. */
function lane() {
  const ring = allocateRing(1024);
  const writer = new FrameWriter(ring, { overflow: "wait", maxBufferedBytes: 1024 });
  const consumer = new RingConsumer(ring);
  const counters = LaneCounters.allocate(1);
  const posted: LaneReport[] = [];
  const pollReports = () => {
    // One at a time: taking one may take in the next.
    for (let report = posted.shift(); report !== undefined; report = posted.shift()) answers.take(report);
  };
  const answers = new Acknowledgements({ writer, counters, pollReports });
  return {
    /** Sends an event, and waits for it. */
    send(): { readonly position: number; readonly outcome: Promise<string> } {
      writer.tryWrite({ kind: EVENT, code: 1, flags: 0, runNumber: 0, timestamp: 0 }, new Uint8Array(8));
      const { position } = writer;
      const waited = new Promise<void>((resolve, reject) =>
        answers.addWaiter(position, { resolve, reject, sentAt: 0 }),
      );
      const outcome = waited.then(
        () => "well",
        (failure: ReportedFailure) => (failure.error as Error).message,
      );
      return { position, outcome };
    },
    skip: () => void consumer.next(),
    settle(failed: boolean): void {
      consumer.markDone(consumer.next());
      if (failed) counters.countFailed(0);
      else counters.countHandled(0);
    },
    report(position: number): void {
      const raised = encodeCopy(new RangeError("raised"));
      posted.push({ acknowledged: [[position, raised]], failures: [], isIdle: false });
      counters.countFailureReport();
    },
    release: () => void consumer.release(),
    /** The lane, which told nothing of what it knew to be looked for, tells that it sleeps. */
    fallAsleep: () => void posted.push({ acknowledged: [], failures: [], isIdle: true }),
    /** The lane's thread ends: its last report, if there is one, is counted by nobody. */
    die(position?: number): void {
      if (position !== undefined) {
        const error = encodeCopy(new RangeError("last"));
        posted.push({ acknowledged: [[position, error]], failures: [], isIdle: false });
      }
      pollReports();
      answers.answerFromRing();
    },
    pollReports,
    areAwaited: () => answers.areAwaited,
    isWatched: () => consumer.isWatched,
  };
}

test("who waits alone is answered by what the ring says, without a message", async () => {
  const { send, settle, release, isWatched } = lane();
  const { outcome } = send();
  expect(isWatched()).toBe(true);
  settle(false);
  release();
  await expect(outcome).resolves.toBe("well");
  expect(isWatched()).toBe(false);
});

test("a failure that is counted, told and released between any two looks reaches who waits for it", async () => {
  for (const steps of ["c,t,r", "ctr", "ct,r", "c,tr"]) {
    const { send, settle, report, release } = lane();
    const { position, outcome } = send();
    for (const step of steps) {
      if (step === "c") settle(true);
      if (step === "t") report(position);
      if (step === "r") release();
      // The watch has its look.
      if (step === ",") await immediate();
    }
    await expect(outcome, steps).resolves.toBe("raised");
  }
});

test("who hears that the lane sleeps before he has looked is answered by that, with what failed", async () => {
  for (const fails of [false, true]) {
    const { send, settle, report, release, fallAsleep, pollReports, areAwaited } = lane();
    const { position, outcome } = send();
    settle(fails);
    if (fails) report(position);
    release();
    fallAsleep();
    pollReports();
    expect(areAwaited()).toBe(false);
    await expect(outcome).resolves.toBe(fails ? "raised" : "well");
  }
});

test("that a lane sleeps answers nobody whose event has failed since, before the failure is heard", async () => {
  const { send, settle, report, release, fallAsleep, pollReports } = lane();
  fallAsleep();
  const { position, outcome } = send();
  settle(true);
  report(position);
  release();
  pollReports();
  await expect(outcome).resolves.toBe("raised");
});

test("what fails and is released just as the ring is looked at reaches who waits for it", async () => {
  const { send, settle, report, release } = lane();
  const { position, outcome } = send();
  const looked = vi.spyOn(RingProducer.prototype, "released", "get").mockImplementationOnce(() => {
    settle(true);
    report(position);
    release();
    return position;
  });
  await expect(outcome).resolves.toBe("raised");
  looked.mockRestore();
});

test("what a thread told as it died hides no failure in the next one", async () => {
  const { send, settle, report, release, die } = lane();
  const first = send();
  settle(true);
  die(first.position);
  await expect(first.outcome).resolves.toBe("last");
  const { position, outcome } = send();
  settle(true);
  report(position);
  release();
  await expect(outcome).resolves.toBe("raised");
});

test("who waits for what a thread released and did not tell is answered when it dies", async () => {
  const { send, settle, release, die, areAwaited } = lane();
  const released = send();
  settle(false);
  release();
  die();
  expect(areAwaited()).toBe(false);
  await expect(released.outcome).resolves.toBe("well");
});

test("who waits for what a thread settled behind an event that it did not is answered when it dies", async () => {
  const { send, skip, settle, die, areAwaited } = lane();
  send();
  skip();
  const { outcome } = send();
  settle(false);
  die();
  await expect(outcome).resolves.toBe("well");
  expect(areAwaited()).toBe(true);
});
