import { performance } from "node:perf_hooks";
import { setImmediate as immediate } from "node:timers/promises";
import { RingConsumer } from "../../src/shared-memory/consumer.ts";
import { LaneCounters } from "../../src/shared-memory/counters.ts";
import type { LaneSetup } from "../../src/wire/protocol.ts";
import type { HandlerSlot } from "../load-handlers.ts";
import { FrameRouter } from "./frame-router.ts";
import { Releaser } from "./release.ts";
import { ReportBatch } from "./report-batch.ts";
import { RunDirectory } from "./runs.ts";
import { Scheduler } from "./scheduler.ts";
import type { FrameRef } from "./trace-queue.ts";
import { LaneWait } from "./wait.ts";

/** A turn handles at most this many frames, and takes about this long, before timers and sockets have theirs. */
const MAX_FRAMES_PER_TURN = 1024;
const MAX_TURN_MILLIS = 5;
const FRAMES_BETWEEN_CLOCK_READS = 32;
/** Overdue events are looked for this often, or twice within the handlers' time limit if that is shorter. */
const SWEEP_MILLIS = 1000;

/** Reads a lane's ring for as long as its thread lives, and gives every event to the handlers. */
export class LaneLoop {
  readonly #consumer: RingConsumer;
  readonly #frames: FrameRouter;
  readonly #releaser: Releaser;
  readonly #wait: LaneWait;
  #isTidyScheduled = false;

  constructor(setup: LaneSetup, slots: readonly HandlerSlot[]) {
    const { handlerTimeoutMillis } = setup;
    const consumer = new RingConsumer(setup.ring);
    const counters = new LaneCounters(setup.counters);
    const reports = new ReportBatch(setup.reports);
    const runs = new RunDirectory();
    for (const [runNumber, run] of setup.runs) runs.define(runNumber, run);
    const onDone = (ref: FrameRef, isLate: boolean) => this.#onDone(ref, isLate);
    const scheduler = new Scheduler({ slots, counters, reports, runs, handlerTimeoutMillis, onDone });
    this.#consumer = consumer;
    this.#frames = new FrameRouter({ consumer, counters, runs, scheduler });
    this.#releaser = new Releaser({ consumer, counters, reports });
    this.#wait = new LaneWait(consumer, () => this.#tidy());
    setInterval(() => scheduler.failOverdue(), Math.min(SWEEP_MILLIS, handlerTimeoutMillis / 2)).unref();
    // A handler may call process.exit: this posts what the turn has collected by then.
    process.once("exit", () => reports.post(false));
  }

  async run(): Promise<never> {
    for (;;) {
      const { isMore, suspect } = this.#turn();
      this.#tidy();
      if (suspect !== undefined) await this.released(suspect);
      else if (isMore) await immediate();
      else await this.#wait.untilWork();
    }
  }

  /** Resolves when every entry before `position` is released. */
  released(position: number): Promise<void> {
    return this.#releaser.released(position);
  }

  /**
   * Handles what is in the ring, up to a turn's share. An event that a dead thread had begun is handled alone, so that one
   * which kills its thread takes no other with it: the turn ends at such a `suspect`, by the position behind it.
   */
  #turn(): { isMore: boolean; suspect?: number } {
    const start = performance.now();
    this.#frames.refresh();
    for (let frames = 0; frames < MAX_FRAMES_PER_TURN; frames += 1) {
      const offset = this.#consumer.next();
      if (offset < 0) return { isMore: false };
      this.#releaser.noteWork();
      const isSuspect = this.#consumer.attempts(offset) > 0;
      this.#frames.handle(offset, isSuspect);
      if (isSuspect) return { isMore: true, suspect: this.#consumer.position };
      if (frames % FRAMES_BETWEEN_CLOCK_READS === 0 && performance.now() - start > MAX_TURN_MILLIS) break;
    }
    return { isMore: true };
  }

  #tidy(): void {
    this.#releaser.tidy(this.#wait.isAsleep);
  }

  #onDone({ offset }: FrameRef, isLate: boolean): void {
    this.#consumer.markDone(offset);
    if (!isLate || this.#isTidyScheduled) return;
    // After the promises that settle in this same moment, so that one message serves them all.
    this.#isTidyScheduled = true;
    process.nextTick(() => {
      this.#isTidyScheduled = false;
      this.#tidy();
    });
  }
}
