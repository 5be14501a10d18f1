import type { AnyEventRecord } from "../../core/events.ts";
import type { SinkRun } from "../../core/relay.ts";
import type { WireRun } from "../../wire/records.ts";
import type { TokenPath } from "./token-path.ts";

/** An open run as the main thread knows it: the fields that its lane was sent, and the number that names it. */
export interface KnownRun<Lane> {
  readonly run: WireRun;
  readonly lane: Lane;
  readonly runNumber: number;
  /** Its path for plain tokens, once it has one. */
  tokens: TokenPath | undefined;
}

/** Beyond this many, runs that never end are forgotten, oldest first; a later event defines its run anew. */
const MAX_OPEN_RUNS = 262_144;

export class RunTable<Lane> {
  readonly #runs = new Map<string, KnownRun<Lane>>();

  get size(): number {
    return this.#runs.size;
  }

  /** The run of an event, if the fields that its lane was sent still hold. */
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

/** The lane of a trace: FNV-1a over the trace's id, so that no table of traces is needed. */
export function laneOf(traceId: string, lanes: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < traceId.length; i += 1) {
    hash = Math.imul(hash ^ traceId.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0) % lanes;
}
