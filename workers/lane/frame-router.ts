import { SidecallError } from "../../src/common/errors.ts";
import { MAX_DELIVERIES } from "../../src/core/deliver.ts";
import { type AnyEventRecord, type EventInfo, isRunEnd } from "../../src/core/events.ts";
import type { RingConsumer } from "../../src/shared-memory/consumer.ts";
import type { LaneCounters } from "../../src/shared-memory/counters.ts";
import { ACKNOWLEDGE } from "../../src/wire/frames.ts";
import { eventOfFrame, FrameReader, isRunFrame, type ReadFrame } from "./frame-reader.ts";
import type { LaneRun, RunDirectory } from "./runs.ts";
import type { Scheduler } from "./scheduler.ts";
import type { FrameRef } from "./trace-queue.ts";

export interface FrameRouterOptions {
  readonly consumer: RingConsumer;
  readonly counters: LaneCounters;
  readonly runs: RunDirectory;
  readonly scheduler: Scheduler;
}

/** Takes the frames that the ring gives out: defines runs, and gives events to the scheduler. */
export class FrameRouter {
  readonly #consumer: RingConsumer;
  readonly #counters: LaneCounters;
  readonly #runs: RunDirectory;
  readonly #scheduler: Scheduler;
  readonly #reader: FrameReader;

  constructor({ consumer, counters, runs, scheduler }: FrameRouterOptions) {
    this.#consumer = consumer;
    this.#counters = counters;
    this.#runs = runs;
    this.#scheduler = scheduler;
    this.#reader = new FrameReader(consumer);
  }

  /** To be called before a turn: the ring behind the last frame may have changed. */
  refresh(): void {
    this.#reader.refresh();
  }

  /** Handles the entry whose body begins at `offset`, the last one that the consumer gave. `isSuspect`: a dead thread began it. */
  handle(offset: number, isSuspect: boolean): void {
    // Only `#deliver` bounds the number of attempts.
    if (!isSuspect && this.#handleToken(offset)) return;
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
    this.#handleEvent(frame, { offset, position: this.#consumer.position, acknowledge });
  }

  /** Handles a plain token with no more than that takes, since tokens are so many. False: the frame is something else. */
  #handleToken(offset: number): boolean {
    const runNumber = this.#reader.runOfToken(offset);
    const run = runNumber === undefined ? undefined : this.#runs.find(runNumber);
    if (run === undefined) return false;
    this.#consumer.begin(offset);
    const record = this.#reader.token(offset, this.#consumer.bodyBytes, run);
    const { position } = this.#consumer;
    this.#scheduler.deliver(record, run.trace, { offset, position, acknowledge: false });
    return true;
  }

  #handleEvent(frame: ReadFrame, ref: FrameRef): void {
    const run = this.#runs.find(frame.head.runNumber);
    const info = eventOfFrame(frame);
    if (run === undefined || info === undefined)
      throw new Error("a frame names a run or event that was never defined");
    this.#deliver(frame, info, run, ref);
    // Not earlier: a handler that is still busy with the end keeps the trace, so that late events queue behind it.
    if (isRunEnd(info)) this.#runs.end(frame.head.runNumber);
  }

  #deliver(frame: ReadFrame, { event }: EventInfo, run: LaneRun, ref: FrameRef): void {
    const { runId, trace } = run;
    const attempts = this.#consumer.attempts(ref.offset);
    this.#consumer.begin(ref.offset);
    if (attempts >= MAX_DELIVERIES) {
      this.#scheduler.refuse({ event, runId }, trace, ref, killerError());
      return;
    }
    let record: AnyEventRecord;
    try {
      record = this.#reader.record(frame, run);
    } catch (error) {
      // Such as from a getter that gave the encoder two different answers.
      this.#scheduler.refuse({ event, runId }, trace, ref, error);
      return;
    }
    if (attempts > 0) this.#counters.countRedelivered();
    this.#scheduler.deliver(record, trace, ref);
  }
}

function killerError(): SidecallError {
  return new SidecallError(
    "SIDECALL_LANE_DIED",
    `The event was being handled when its worker thread died, ${MAX_DELIVERIES} times; it is not tried again.`,
  );
}
