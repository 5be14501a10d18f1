import { performance } from "node:perf_hooks";
import { setImmediate as immediate } from "node:timers/promises";
import { SidecallError } from "../../src/common/errors.ts";
import { type AnyEventRecord, type EventInfo, isRunEnd } from "../../src/core/events.ts";
import { RingConsumer } from "../../src/shared-memory/consumer.ts";
import { LaneCounters } from "../../src/shared-memory/counters.ts";
import { hasReached, NAPPING, SLEEPING } from "../../src/shared-memory/layout.ts";
import { ACKNOWLEDGE } from "../../src/wire/frames.ts";
import type { LaneSetup } from "../../src/wire/protocol.ts";
import type { HandlerSlot } from "../load-handlers.ts";
import { eventOfFrame, FrameReader, isRunFrame, type ReadFrame } from "./frame-reader.ts";
import { ReportBatch } from "./report-batch.ts";
import { type LaneRun, RunDirectory } from "./runs.ts";
import { type FrameRef, Scheduler } from "./scheduler.ts";

/** A turn handles at most this many frames, and takes about this long, before timers and sockets have theirs. */
const MAX_FRAMES_PER_TURN = 1024;
const MAX_TURN_MILLIS = 5;
const FRAMES_BETWEEN_CLOCK_READS = 32;
/** After work a lane looks again by itself this often before it sleeps; waking it would cost the main thread more. */
const NAPS = 5;
const NAP_MILLIS = 4;
/** How long a lane that was woken looks for what it was woken for; by then it is there, or far off. */
const LOOK_MILLIS = 0.5;
/** An event that was being handled when a thread died is given one more chance. */
const MAX_DELIVERIES = 2;

interface SettledWaiter {
  readonly position: number;
  readonly resolve: () => void;
}

/** Reads a lane's ring for as long as its thread lives, and gives every event to the handlers. */
export class LaneLoop {
  readonly #consumer: RingConsumer;
  readonly #reader: FrameReader;
  readonly #runs = new RunDirectory();
  readonly #counters: LaneCounters;
  readonly #reports: ReportBatch;
  readonly #scheduler: Scheduler;
  #waiters: SettledWaiter[] = [];
  #isAsleep = false;
  /** Whether the main thread knows that nothing is left to do. */
  #toldIdle = false;
  #isTidyScheduled = false;

  constructor(setup: LaneSetup, slots: readonly HandlerSlot[]) {
    this.#consumer = new RingConsumer(setup.ring);
    this.#reader = new FrameReader(this.#consumer);
    this.#counters = new LaneCounters(setup.counters);
    this.#reports = new ReportBatch(setup.reports);
    for (const [runNumber, context] of setup.runs) this.#runs.define(runNumber, context);
    this.#scheduler = new Scheduler({
      slots,
      counters: this.#counters,
      reports: this.#reports,
      runs: this.#runs,
      handlerTimeoutMillis: setup.handlerTimeoutMillis,
      onSettled: (ref, isLate) => this.#onSettled(ref, isLate),
    });
    const sweepMillis = Math.min(1000, setup.handlerTimeoutMillis / 2);
    setInterval(() => this.#scheduler.failOverdue(), sweepMillis).unref();
    // What an event that ends the thread finds in the same turn.
    process.once("exit", () => this.#reports.post(false));
  }

  async run(): Promise<never> {
    for (;;) {
      const { isMore, suspect } = this.#turn();
      this.#tidy();
      if (suspect !== undefined) await this.settled(suspect);
      else if (isMore) await immediate();
      else await this.#wait();
    }
  }

  /** Resolves when every record before `position` is settled. */
  settled(position: number): Promise<void> {
    if (this.#isReleased(position)) return Promise.resolve();
    return new Promise((resolve) => this.#waiters.push({ position, resolve }));
  }

  /**
   * Handles what is in the ring, up to a turn's share. An event that a dead thread had begun is handled alone, so that one
   * which kills its thread takes no other with it: the turn ends at such a `suspect`, by the position behind it.
   */
  #turn(): { isMore: boolean; suspect?: number } {
    const start = performance.now();
    this.#reader.refresh();
    for (let frames = 0; frames < MAX_FRAMES_PER_TURN; frames += 1) {
      const offset = this.#consumer.next();
      if (offset < 0) return { isMore: false };
      this.#toldIdle = false;
      const isSuspect = this.#consumer.attempts(offset) > 0;
      if (isSuspect || !this.#handleToken(offset)) this.#handle(offset);
      if (isSuspect) return { isMore: true, suspect: this.#consumer.position };
      if (frames % FRAMES_BETWEEN_CLOCK_READS === 0 && performance.now() - start > MAX_TURN_MILLIS) break;
    }
    return { isMore: true };
  }

  /** Handles a plain token, with no more than that takes: there are so many. False: the frame is something else. */
  #handleToken(offset: number): boolean {
    const runNumber = this.#reader.runOfToken(offset);
    const run = runNumber === undefined ? undefined : this.#runs.find(runNumber);
    if (run === undefined) return false;
    this.#consumer.begin(offset);
    const record = this.#reader.token(offset, this.#consumer.bodyBytes, run);
    this.#scheduler.deliver(record, run.trace, {
      offset,
      position: this.#consumer.position,
      acknowledge: false,
    });
    return true;
  }

  #handle(offset: number): void {
    const frame = this.#reader.read(offset, this.#consumer.bodyBytes);
    if (frame === undefined) {
      this.#consumer.markDone(offset);
      return;
    }
    if (isRunFrame(frame)) {
      this.#runs.define(frame.head.runNumber, this.#reader.payload(frame));
      this.#consumer.markDone(offset);
      return;
    }
    const acknowledge = (frame.head.flags & ACKNOWLEDGE) !== 0;
    this.#deliver(frame, { offset, position: this.#consumer.position, acknowledge });
  }

  #deliver(frame: ReadFrame, ref: FrameRef): void {
    const run = this.#runs.find(frame.head.runNumber);
    const info = eventOfFrame(frame);
    if (run === undefined || info === undefined)
      throw new Error("a frame names a run or event that was never defined");
    this.#give(frame, info, run, ref);
    // Not earlier: a handler that is still busy with the end keeps the trace, so that late events queue behind it.
    if (isRunEnd(info)) this.#runs.end(frame.head.runNumber);
  }

  #give(frame: ReadFrame, { event }: EventInfo, run: LaneRun, ref: FrameRef): void {
    const attempts = this.#consumer.attempts(ref.offset);
    this.#consumer.begin(ref.offset);
    if (attempts >= MAX_DELIVERIES) {
      this.#scheduler.refuse({ event, runId: run.runId }, ref, killerError());
      return;
    }
    let record: AnyEventRecord;
    try {
      record = this.#reader.record(frame, run);
    } catch (error) {
      // Such as from a getter that gave the encoder two different answers.
      this.#scheduler.refuse({ event, runId: run.runId }, ref, error);
      return;
    }
    if (attempts > 0) this.#counters.countRedelivered();
    this.#scheduler.deliver(record, run.trace, ref);
  }

  #onSettled({ offset }: FrameRef, isLate: boolean): void {
    this.#consumer.markDone(offset);
    if (!isLate || this.#isTidyScheduled) return;
    // After the promises that settle in this same moment, so that one message serves them all.
    this.#isTidyScheduled = true;
    process.nextTick(() => {
      this.#isTidyScheduled = false;
      this.#tidy();
    });
  }

  /** Passes on what a turn, or handlers that settled later, have brought. */
  #tidy(): void {
    // Before anything is released: whoever looks for himself what is released has to hear of failures first.
    if (this.#reports.hasFailures) {
      this.#reports.post(false);
      this.#counters.countFailureReport();
    }
    if (this.#consumer.release()) {
      this.#consumer.offerSpace(this.#isAsleep);
      const done = this.#waiters.filter(({ position }) => this.#isReleased(position));
      if (done.length > 0) this.#waiters = this.#waiters.filter((waiter) => !done.includes(waiter));
      for (const { resolve } of done) resolve();
    }
    const isIdle = this.#isAsleep && !this.#toldIdle && this.#consumer.isEmpty;
    if (isIdle) this.#toldIdle = true;
    // Asked after the release: what was released before is seen by a main thread that looks.
    if (this.#consumer.isWatched) this.#reports.forget((position) => this.#isReleased(position));
    this.#reports.post(isIdle);
  }

  async #wait(): Promise<void> {
    this.#consumer.offerSpace(true);
    for (let naps = 0; naps < NAPS; naps += 1) {
      const isWoken = await this.#consumer.wait(NAPPING, NAP_MILLIS);
      if (isWoken) await this.#spin();
      if (this.#consumer.hasMore) return;
    }
    this.#isAsleep = true;
    this.#tidy();
    // Once more: what became free during the naps was perhaps too little to tell of then.
    this.#consumer.offerSpace(true);
    await this.#consumer.wait(SLEEPING, Number.POSITIVE_INFINITY);
    this.#isAsleep = false;
    await this.#spin();
  }

  /** Awake before there is anything to read: the producer wakes this side while it still encodes what is awaited. */
  async #spin(): Promise<void> {
    const until = performance.now() + LOOK_MILLIS;
    while (!this.#consumer.hasMore && performance.now() < until) await immediate();
  }

  #isReleased(position: number): boolean {
    return hasReached(this.#consumer.released, position);
  }
}

function killerError(): SidecallError {
  return new SidecallError(
    "SIDECALL_LANE_DIED",
    `The event was being handled when its worker thread died, ${MAX_DELIVERIES} times; it is not tried again.`,
  );
}
