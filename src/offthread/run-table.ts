import type { AnyEventRecord, RunDescription } from "../events.ts";
import type { RunContext } from "./protocol.ts";

/** A run as the main thread knows it while it lasts: its lane, its number there, and what the lane was told of it. */
export interface KnownRun<Lane> {
  readonly runId: string;
  readonly lane: Lane;
  readonly runNumber: number;
  readonly parentRunId: string | undefined;
  readonly tags: readonly string[];
  readonly metadata: RunDescription["metadata"] | undefined;
  readonly name: string | undefined;
}

/** Runs that never end are forgotten, oldest first, beyond this many; an event that comes yet tells of its run anew. */
const MAX_OPEN_RUNS = 262_144;

function description(record: AnyEventRecord): Partial<RunDescription> {
  return "metadata" in record ? record : {};
}

export function contextOf(record: AnyEventRecord): RunContext {
  const { metadata = {}, name = null } = description(record);
  return [record.runId, record.parentRunId ?? null, record.traceId, record.tags, metadata, name];
}

export class RunTable<Lane> {
  readonly #runs = new Map<string, KnownRun<Lane>>();

  get size(): number {
    return this.#runs.size;
  }

  /** The event's run, if all that its lane was told of it still holds. */
  find(record: AnyEventRecord): KnownRun<Lane> | undefined {
    const run = this.#runs.get(record.runId);
    if (run === undefined || run.tags !== record.tags || run.parentRunId !== record.parentRunId)
      return undefined;
    if (!("metadata" in record)) return run;
    return run.metadata === record.metadata && run.name === record.name ? run : undefined;
  }

  add(record: AnyEventRecord, lane: Lane, runNumber: number): KnownRun<Lane> {
    const { runId, parentRunId, tags } = record;
    const { metadata, name } = description(record);
    const run: KnownRun<Lane> = { runId, lane, runNumber, parentRunId, tags, metadata, name };
    this.#runs.set(runId, run);
    return run;
  }

  /** Removes a run and gives it back. */
  take(runId: string): KnownRun<Lane> | undefined {
    const run = this.#runs.get(runId);
    if (run !== undefined) this.#runs.delete(runId);
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
