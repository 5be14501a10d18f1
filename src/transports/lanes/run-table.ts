import type { AnyEventRecord } from "../../core/events.ts";
import type { SinkRun } from "../../core/relay.ts";
import type { WireRun } from "../../wire/records.ts";
import type { TokenPath } from "./token-path.ts";

/** A run as the main thread knows it while it lasts: what its lane was told of it, and under which number. */
export interface KnownRun<Lane> {
  readonly run: WireRun;
  readonly lane: Lane;
  readonly runNumber: number;
  /** Its own way for tokens, if it has one. */
  tokens: TokenPath | undefined;
}

/** Runs that never end are forgotten, oldest first, beyond this many; an event that comes yet tells of its run anew. */
const MAX_OPEN_RUNS = 262_144;

export class RunTable<Lane> {
  readonly #runs = new Map<string, KnownRun<Lane>>();

  get size(): number {
    return this.#runs.size;
  }

  /** The run of an event, if all that its lane was told of it still holds. */
  find(record: AnyEventRecord | SinkRun): KnownRun<Lane> | undefined {
    const known = this.#runs.get(record.runId);
    if (known === undefined) return undefined;
    const { run } = known;
    if (run.tags !== record.tags || run.parentRunId !== record.parentRunId) return undefined;
    if (!("metadata" in record)) return known;
    return run.metadata === record.metadata && run.name === record.name ? known : undefined;
  }

  add(known: KnownRun<Lane>): KnownRun<Lane> {
    this.#runs.set(known.run.runId, known);
    return known;
  }

  /** Removes a run and gives it back. */
  take(runId: string): KnownRun<Lane> | undefined {
    const run = this.#runs.get(runId);
    if (run === undefined) return undefined;
    this.#runs.delete(runId);
    run.tokens?.stop();
    return run;
  }

  /** Removes the run that has been open longest, if there are too many. */
  takeOldestBeyondLimit(): KnownRun<Lane> | undefined {
    if (this.#runs.size < MAX_OPEN_RUNS) return undefined;
    const [runId] = this.#runs.keys();
    return runId === undefined ? undefined : this.take(runId);
  }
}

/** FNV-1a over a trace's id: the same trace gives the same lane, without a table of traces. */
export function laneOf(traceId: string, lanes: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < traceId.length; i += 1) {
    hash = Math.imul(hash ^ traceId.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0) % lanes;
}
