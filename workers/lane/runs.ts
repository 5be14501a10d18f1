import { decodeRun, type WireRun } from "../../src/wire/records.ts";
import type { Trace } from "./trace-queue.ts";

export interface LaneRun extends WireRun {
  readonly trace: Trace;
}

/** The runs that the numbers in frames stand for, and their traces. */
export class RunDirectory {
  readonly #runs = new Map<number, LaneRun>();
  readonly #traces = new Map<string, Trace>();

  find(runNumber: number): LaneRun | undefined {
    return this.#runs.get(runNumber);
  }

  /** Lets a number name a run, in place of the one that it named before. `bytes`: the run as msgpack. */
  define(runNumber: number, bytes: Uint8Array): void {
    this.end(runNumber);
    const run = decodeRun(bytes);
    const trace = this.#trace(run.traceId);
    trace.openRuns += 1;
    this.#runs.set(runNumber, { trace, ...run });
  }

  /** The number names no run from now on. */
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
