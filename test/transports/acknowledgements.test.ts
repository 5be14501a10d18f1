import { performance } from "node:perf_hooks";
import { setImmediate as immediate } from "node:timers/promises";
import { expect, test, vi } from "vitest";
import type { ReportedFailure } from "../../src/core/failures.ts";
import { RingProducer } from "../../src/shared-memory/producer.ts";
import { Acknowledgements } from "../../src/transports/lanes/acknowledgements.ts";
import { encodeCopy } from "../../src/wire/codec.ts";
import type { LaneReport } from "../../src/wire/protocol.ts";
import { openLane, stepWorker } from "../support/lane.ts";

// The clock stands still: the main thread polls until it is answered, however slow the machine.
vi.spyOn(performance, "now").mockReturnValue(1000);

/** A lane with callers: each step of the worker's is the test's to take. */
function lane() {
  const { ring, writer, counters, writeEvent } = openLane(1024);
  const { consumer, handleNext, skipNext, release } = stepWorker(ring);
  const posted: LaneReport[] = [];
  const pollReports = () => {
    // One at a time: taking one may take in the next.
    for (let report = posted.shift(); report !== undefined; report = posted.shift()) answers.take(report);
  };
  const answers = new Acknowledgements({ writer, counters, pollReports });
  return {
    /** Sends an event, and waits for it. */
    send(): { readonly position: number; readonly outcome: Promise<string> } {
      const position = writeEvent();
      const waited = new Promise<void>((resolve, reject) =>
        answers.addWaiter(position, { resolve, reject, sentAt: 0 }),
      );
      const outcome = waited.then(
        () => "well",
        (failure: ReportedFailure) => (failure.error as Error).message,
      );
      return { position, outcome };
    },
    skip: skipNext,
    handle(failed: boolean): void {
      expect(handleNext()).toBe(true);
      if (failed) counters.countFailed(0);
      else counters.countHandled(0);
    },
    report(position: number): void {
      const raised = encodeCopy(new RangeError("raised"));
      posted.push({ acknowledged: [[position, raised]], failures: [], isIdle: false });
      counters.countFailureReport();
    },
    release,
    /** The lane goes to sleep: its report omits the acknowledgements that are polled. */
    fallAsleep: () => void posted.push({ acknowledged: [], failures: [], isIdle: true }),
    /** The lane's thread ends, after a last report of `position` at most, which it has not counted. */
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

test("a single caller is answered by polling the ring, without a message", async () => {
  const { send, handle, release, isWatched } = lane();
  const { outcome } = send();
  expect(isWatched()).toBe(true);
  handle(false);
  release();
  await expect(outcome).resolves.toBe("well");
  expect(isWatched()).toBe(false);
});

test("a failure reaches its caller, between whichever two polls it is counted, reported and released", async () => {
  for (const steps of ["h,p,r", "hpr", "hp,r", "h,pr"]) {
    const { send, handle, report, release } = lane();
    const { position, outcome } = send();
    for (const step of steps) {
      if (step === "h") handle(true);
      if (step === "p") report(position);
      if (step === "r") release();
      // The main thread polls once.
      if (step === ",") await immediate();
    }
    await expect(outcome, steps).resolves.toBe("raised");
  }
});

test("an idle report that comes before the first poll answers the caller, after the failures of its event", async () => {
  for (const fails of [false, true]) {
    const { send, handle, report, release, fallAsleep, pollReports, areAwaited } = lane();
    const { position, outcome } = send();
    handle(fails);
    if (fails) report(position);
    release();
    fallAsleep();
    pollReports();
    expect(areAwaited()).toBe(false);
    await expect(outcome).resolves.toBe(fails ? "raised" : "well");
  }
});

test("an idle report answers no caller whose event failed since before the failure is taken in", async () => {
  const { send, handle, report, release, fallAsleep, pollReports } = lane();
  fallAsleep();
  const { position, outcome } = send();
  handle(true);
  report(position);
  release();
  pollReports();
  await expect(outcome).resolves.toBe("raised");
});

test("a failure reaches its caller if the event is released during a poll", async () => {
  const { send, handle, report, release } = lane();
  const { position, outcome } = send();
  const looked = vi.spyOn(RingProducer.prototype, "released", "get").mockImplementationOnce(() => {
    handle(true);
    report(position);
    release();
    return position;
  });
  await expect(outcome).resolves.toBe("raised");
  looked.mockRestore();
});

test("an uncounted last report of a dead thread hides no failure of its successor", async () => {
  const { send, handle, report, release, die } = lane();
  const first = send();
  handle(true);
  die(first.position);
  await expect(first.outcome).resolves.toBe("last");
  const { position, outcome } = send();
  handle(true);
  report(position);
  release();
  await expect(outcome).resolves.toBe("raised");
});

test("a thread's death answers callers whose events were released and not acknowledged", async () => {
  const { send, handle, release, die, areAwaited } = lane();
  const released = send();
  handle(false);
  release();
  die();
  expect(areAwaited()).toBe(false);
  await expect(released.outcome).resolves.toBe("well");
});

test("a thread's death answers a caller whose event was done behind one that was not", async () => {
  const { send, skip, handle, die, areAwaited } = lane();
  send();
  skip();
  const { outcome } = send();
  handle(false);
  die();
  await expect(outcome).resolves.toBe("well");
  expect(areAwaited()).toBe(true);
});
