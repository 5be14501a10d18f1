import { Fifo } from "../../common/fifo.ts";
import { hasReached } from "../../shared-memory/layout.ts";
import type { ResolvedLimits } from "../../values/limits.ts";
import { RUN } from "../../wire/frames.ts";
import { encodeRun, type WireRun } from "../../wire/records.ts";
import { MAX_EVENT_BYTES } from "../refusals.ts";
import type { Definition, FrameWriter } from "./frame-writer.ts";

interface RetiredRun {
  readonly runNumber: number;
  /** Behind the run's last frame. */
  readonly position: number;
}

/**
 * The small numbers by which a lane's frames name runs, and the RUN frames that define them: each once, just before the
 * first of the run's events that is not dropped.
 *
 *   define ──► unsent ──ensureSent──► known to the lane ──retire──► retired ──last frame released──► free for another run
 *
 * A number stays taken until everything that names it is released: until then a thread that takes over from a dead one must
 * be given its definition.
 */
export class RunDefinitions {
  readonly #writer: FrameWriter;
  readonly #limits: ResolvedLimits;
  /** By their numbers, which are dense: with many open runs a hash table would cost each run its misses of the cache. */
  readonly #runs: (WireRun | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #retired = new Fifo<RetiredRun>();
  /** Runs whose definition is not on its way to the lane yet. */
  readonly #unsent = new Map<number, WireRun>();

  constructor(writer: FrameWriter, limits: ResolvedLimits) {
    this.#writer = writer;
    this.#limits = { ...limits, bytes: Math.min(limits.bytes, MAX_EVENT_BYTES) };
  }

  /** Gives a run the number by which frames name it. */
  define(run: WireRun): number {
    this.#reclaim(this.#writer.released);
    const runNumber = this.#free.pop() ?? this.#runs.length;
    this.#runs[runNumber] = run;
    this.#unsent.set(runNumber, run);
    return runNumber;
  }

  /** No event of this run follows. */
  retire(runNumber: number): void {
    this.#unsent.delete(runNumber);
    this.#writer.drained().then(
      () => this.#retired.push({ runNumber, position: this.#writer.position }),
      () => undefined,
    );
  }

  /** Sends a run's definition unless it was sent. A definition that finds no room is returned, to go with the run's event. */
  ensureSent(runNumber: number): Definition | undefined {
    if (this.#unsent.size === 0) return undefined;
    const run = this.#unsent.get(runNumber);
    return run === undefined ? undefined : this.#send(runNumber, run);
  }

  /** The runs by number, as msgpack: a new thread needs them to go on where a dead one stopped. */
  known(): (readonly [runNumber: number, run: Uint8Array])[] {
    return [...this.#runs.entries()].flatMap(([runNumber, run]) =>
      run === undefined ? [] : [[runNumber, encodeRun(run, this.#limits).slice()] as const],
    );
  }

  // Split out so that V8 allocates no closure context on the per-token path, which goes through `ensureSent`.
  #send(runNumber: number, run: WireRun): Definition | undefined {
    const onTaken = () => this.#unsent.delete(runNumber);
    const head = { kind: RUN, code: 0, flags: 0, runNumber, timestamp: 0 };
    const payload = encodeRun(run, this.#limits);
    // Copied, since the event is encoded into the same memory.
    if (!this.#writer.tryWrite(head, payload)) return { head, payload: payload.slice(), onTaken };
    onTaken();
    return undefined;
  }

  #reclaim(released: number): void {
    for (;;) {
      const oldest = this.#retired.peek();
      if (oldest === undefined || !hasReached(released, oldest.position)) return;
      this.#retired.shift();
      this.#runs[oldest.runNumber] = undefined;
      this.#free.push(oldest.runNumber);
    }
  }
}
