import { RUN } from "../../wire/frames.ts";
import { encodeRun, type WireRun } from "../../wire/records.ts";
import type { Definition, FrameWriter } from "./frame-writer.ts";
import { RunNumbers } from "./run-numbers.ts";

/** What a lane is told of runs: each once, just before the first of its events that is not dropped. */
export class RunDefinitions {
  readonly #writer: FrameWriter;
  readonly #numbers = new RunNumbers();
  /** Runs of which the lane has not been told yet. */
  readonly #unsent = new Map<number, WireRun>();

  constructor(writer: FrameWriter) {
    this.#writer = writer;
  }

  /** Gives a run the number by which frames name it. */
  define(run: WireRun): number {
    const runNumber = this.#numbers.take(run, this.#writer.released);
    this.#unsent.set(runNumber, run);
    return runNumber;
  }

  /** No event of this run follows. */
  retire(runNumber: number): void {
    this.#unsent.delete(runNumber);
    this.#writer.drained().then(
      () => this.#numbers.retire(runNumber, this.#writer.position),
      () => undefined,
    );
  }

  /** Tells the lane of a run if it must be told; what finds no room has to go with the run's event. */
  ensureSent(runNumber: number): Definition | undefined {
    if (this.#unsent.size === 0) return undefined;
    const run = this.#unsent.get(runNumber);
    return run === undefined ? undefined : this.#ensureSent(runNumber, run);
  }

  // Apart: what a function's closures may need is allocated when it is entered, and `ensureSent` is entered for every token.
  #ensureSent(runNumber: number, run: WireRun): Definition | undefined {
    const onTaken = () => this.#unsent.delete(runNumber);
    const head = { kind: RUN, code: 0, flags: 0, runNumber, timestamp: 0 };
    const payload = encodeRun(run);
    // The event is encoded into the same memory.
    if (!this.#writer.tryWrite(head, payload)) return { head, payload: payload.slice(), onTaken };
    onTaken();
    return undefined;
  }

  /** What a new thread must know to go on where a dead one stopped: runs by number, as msgpack. */
  known(): (readonly [runNumber: number, run: Uint8Array])[] {
    return [...this.#numbers.runs()].map(([runNumber, run]) => [runNumber, encodeRun(run).slice()] as const);
  }
}
