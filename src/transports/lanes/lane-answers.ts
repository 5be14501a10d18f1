import type { RecordableHistogram } from "node:perf_hooks";
import { reportFailure } from "../../core/failures.ts";
import type { LaneCounters } from "../../shared-memory/counters.ts";
import { decodeValue } from "../../wire/codec.ts";
import type { LaneReport } from "../../wire/protocol.ts";
import { Acknowledgements, type Waiter } from "./acknowledgements.ts";
import type { FrameWriter } from "./frame-writer.ts";
import { ReleasePoll } from "./release-poll.ts";

export interface AnswersOptions {
  readonly writer: FrameWriter;
  readonly counters: LaneCounters;
  /** Takes in the messages that have come but not been heard yet. */
  readonly pollReports: () => void;
}

/** What comes back from a lane: who has waited long enough, and what has failed. */
export class LaneAnswers {
  readonly #writer: FrameWriter;
  readonly #counters: LaneCounters;
  readonly #pollReports: () => void;
  readonly #waiters = new Acknowledgements();
  readonly #watch: ReleasePoll;
  /** Reports of failures that came. They come in order. */
  #failureReports = 0;

  constructor({ writer, counters, pollReports }: AnswersOptions) {
    this.#writer = writer;
    this.#counters = counters;
    this.#pollReports = pollReports;
    this.#watch = new ReleasePoll({
      watch: (isWatching) => writer.watch(isWatching),
      settle: () => this.#settle(),
    });
  }

  /** Whether somebody waits. */
  get areAwaited(): boolean {
    return this.#waiters.size > 0;
  }
  /** Nanoseconds from sending to acknowledgement. */
  get latency(): RecordableHistogram {
    return this.#waiters.latency;
  }

  /** Somebody waits for the event whose frame ends at `position`. */
  addWaiter(position: number, waiter: Waiter): void {
    this.#waiters.addWaiter(position, waiter);
    // Where several wait there is more to do than to look.
    if (this.#waiters.size === 1) this.#watch.begin();
  }

  take({ settled, failures, idle }: LaneReport): void {
    if (failures.length > 0 || settled.some(([, raised]) => raised !== undefined)) this.#failureReports += 1;
    for (const { error, ...failure } of failures) reportFailure({ ...failure, error: decodeValue(error) });
    for (const [position, raised] of settled) {
      this.#waiters.settle(position, raised === undefined ? undefined : { error: decodeValue(raised) });
    }
    // It may have told nothing of what it knew to be watched, and it does not tell again that it sleeps.
    if (idle) this.#settle();
  }

  /** The lane's thread is dead, and all that it has told is taken: settles what it has settled and not told any more. */
  settleFromRing(): void {
    this.#failureReports = this.#counters.failureReports;
    this.#waiters.answerThrough(this.#writer.released);
    for (const position of this.#writer.donePositions()) this.#waiters.settle(position);
  }

  rejectAll(error: unknown): void {
    this.#waiters.rejectAll(error);
  }

  #settle(): boolean {
    const { released } = this.#writer;
    // Lanes tell of failures before they release: whoever waits hears of them first, or gets them.
    if (this.#failureReports < this.#counters.failureReports) this.#pollReports();
    this.#waiters.answerThrough(released);
    return this.areAwaited;
  }
}
