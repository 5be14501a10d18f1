import { decodeRun, type WireRun } from "../../src/wire/records.ts";
import type { TraceQueue } from "./trace-queue.ts";

/** What the runs of one trace share: the events that its handlers still have to take, handler by handler. */
export interface Trace {
  readonly id: string;
  /** By the handler's index; undefined while the handler is free for the trace's next event. */
  readonly queues: (TraceQueue | undefined)[];
  openRuns: number;
  busyQueues: number;
}

export interface LaneRun extends WireRun {
  readonly trace: Trace;
}

/** What the numbers in frames stand for. */
export class RunDirectory {
  readonly #runs = new Map<number, LaneRun>();
  readonly #traces = new Map<string, Trace>();

  find(runNumber: number): LaneRun | undefined {
    return this.#runs.get(runNumber);
  }

  /** Gives a number its meaning, in place of what it meant before. `bytes`: the run as msgpack. */
  define(runNumber: number, bytes: Uint8Array): void {
    this.end(runNumber);
    const run = decodeRun(bytes);
    const trace = this.#trace(run.traceId);
    trace.openRuns += 1;
    this.#runs.set(runNumber, { trace, ...run });
  }

  /** The number means nothing any more. */
  end(runNumber: number): void {
    const run = this.#runs.get(runNumber);
    if (run === undefined) return;
    this.#runs.delete(runNumber);
    run.trace.openRuns -= 1;
    this.forgetIfDone(run.trace);
  }

  /** A trace without open runs is kept while handlers are busy with it: a late event must queue behind them. */
  forgetIfDone(trace: Trace): void {
    if (trace.openRuns === 0 && trace.busyQueues === 0) this.#traces.delete(trace.id);
  }

  #trace(id: string): Trace {
    let trace = this.#traces.get(id);
    if (trace === undefined) {
      trace = { id, queues: [], openRuns: 0, busyQueues: 0 };
      this.#traces.set(id, trace);
    }
    return trace;
  }
}
