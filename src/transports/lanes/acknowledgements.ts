import { createHistogram, type RecordableHistogram } from "node:perf_hooks";
import { ReportedFailure, reportFailure } from "../../core/failures.ts";
import type { LaneCounters } from "../../shared-memory/counters.ts";
import { hasReached } from "../../shared-memory/layout.ts";
import { decodeValue } from "../../wire/codec.ts";
import type { LaneReport } from "../../wire/protocol.ts";
import { recordLatency } from "../latency.ts";
import type { FrameWriter } from "./frame-writer.ts";
import { ReleasePoll } from "./release-poll.ts";

/** A caller who waits for an event to be handled. */
export interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  /** `performance.now()` when the event was sent. */
  readonly sentAt: number;
}

export interface AcknowledgementsOptions {
  readonly writer: FrameWriter;
  readonly counters: LaneCounters;
  /** Takes in the reports that have been posted and not received yet. */
  readonly pollReports: () => void;
}

/**
 * The way back from a lane: answers the callers who wait, and reports failures. An answer comes by either of two ways:
 *
 *   lane: posts a report ──► LaneThread ──► `take` ────────────────┐
 *                                                                  ├──► `#answer`: the caller's promise settles
 *   lane: stores RELEASED ─► ReleasePoll ─► `#answerReleased` ─────┘
 *
 * Failures come by report alone. A lane posts them before it releases their events, and counts such reports in shared memory:
 * so a caller who is answered by the second way is answered after the failures of its event are taken in.
 */
export class Acknowledgements {
  readonly #writer: FrameWriter;
  readonly #counters: LaneCounters;
  readonly #pollReports: () => void;
  readonly #poll: ReleasePoll;
  /** By the position behind the event's frame, in the order of positions: frames are waited for as they are written. */
  readonly #waiters = new Map<number, Waiter>();
  /** Nanoseconds from sending to acknowledgement. */
  readonly latency: RecordableHistogram = createHistogram();
  /** Reports with failures that were taken in. They come in order. */
  #failureReports = 0;

  constructor({ writer, counters, pollReports }: AcknowledgementsOptions) {
    this.#writer = writer;
    this.#counters = counters;
    this.#pollReports = pollReports;
    this.#poll = new ReleasePoll({
      watch: (isWatching) => writer.watch(isWatching),
      answerReleased: () => this.#answerReleased(),
    });
  }

  /** Whether a caller waits. */
  get areAwaited(): boolean {
    return this.#waiters.size > 0;
  }

  /** A caller waits for the event whose frame ends at `position`. */
  addWaiter(position: number, waiter: Waiter): void {
    this.#waiters.set(position, waiter);
    // Polls for a single caller only: several share one message.
    if (this.#waiters.size === 1) this.#poll.begin();
  }

  take({ acknowledged, failures, isIdle }: LaneReport): void {
    const hasFailures = failures.length > 0 || acknowledged.some(([, raised]) => raised !== undefined);
    if (hasFailures) this.#failureReports += 1;
    for (const { error, ...failure } of failures) reportFailure({ ...failure, error: decodeValue(error) });
    for (const [position, raised] of acknowledged) {
      this.#answer(position, raised === undefined ? undefined : { error: decodeValue(raised) });
    }
    // An idle report may omit acknowledgements that were being polled. A caller left waiting here would keep the process alive
    // for ever, since no second idle report comes: answer from the ring.
    if (isIdle) this.#answerReleased();
  }

  /** Answers waiters whose events the dead thread was done with but never acknowledged. Its reports must be taken in before. */
  answerFromRing(): void {
    this.#failureReports = this.#counters.failureReports;
    this.#answerThrough(this.#writer.released);
    for (const position of this.#writer.donePositions()) this.#answer(position);
  }

  rejectAll(error: unknown): void {
    const waiters = [...this.#waiters.values()];
    this.#waiters.clear();
    for (const waiter of waiters) waiter.reject(error);
  }

  /** Answers callers by what the ring has released. Returns whether others wait still. */
  #answerReleased(): boolean {
    const { released } = this.#writer;
    // After the look at `released`: the failures of events that it covers are posted and counted by then.
    if (this.#failureReports < this.#counters.failureReports) this.#pollReports();
    this.#answerThrough(released);
    return this.areAwaited;
  }

  #answerThrough(released: number): void {
    for (const position of this.#waiters.keys()) {
      if (!hasReached(released, position)) return;
      this.#answer(position);
    }
  }

  /** `raised`: a handler with `raiseError` failed, which has been reported. */
  #answer(position: number, raised?: { readonly error: unknown }): void {
    const waiter = this.#waiters.get(position);
    if (waiter === undefined) return;
    this.#waiters.delete(position);
    recordLatency(this.latency, waiter.sentAt);
    if (raised === undefined) waiter.resolve();
    else waiter.reject(new ReportedFailure(raised.error));
  }
}
