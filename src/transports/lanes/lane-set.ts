import type { SidecallError } from "../../common/errors.ts";
import { type AnyEventRecord, type EventInfo, isRunEnd } from "../../core/events.ts";
import type { SinkRun, TokenSink } from "../../core/relay.ts";
import type { LoadedHandler } from "../../wire/protocol.ts";
import { runOf } from "../../wire/records.ts";
import type { RemoteCall } from "../remote.ts";
import type { LaneCounts } from "../stats.ts";
import type { SendState, Transport } from "../transport.ts";
import { Lane, type LaneOptions } from "./lane.ts";
import { type KnownRun, laneOf, RunTable } from "./run-table.ts";
import { TokenPath } from "./token-path.ts";

/** The transport in the order of traces: every trace has one of several lanes, for all of its events. */
export class LaneSet implements Transport {
  readonly #lanes: readonly Lane[];
  readonly #runs = new RunTable<Lane>();

  constructor(options: Omit<LaneOptions, "context">) {
    const { threads } = options;
    this.#lanes = Array.from(
      { length: threads },
      (_, lane) => new Lane({ ...options, context: { lane, threads } }),
    );
  }

  async open(): Promise<readonly LoadedHandler[]> {
    const [handlers] = await Promise.all(this.#lanes.map((lane) => lane.open()));
    return handlers ?? [];
  }

  prewake(traceId: string | undefined): void {
    // The lane of a new trace is not known yet, if there are several.
    if (traceId !== undefined) this.#laneOf(traceId).prewake();
    else if (this.#lanes.length === 1) this.#lanes[0]?.prewake();
  }

  send(info: EventInfo, record: AnyEventRecord, acknowledge: boolean): Promise<void> | undefined {
    const { lane, runNumber } = this.#runs.find(record) ?? this.#define(record);
    const sent = lane.send(info, record, runNumber, acknowledge);
    if (isRunEnd(info)) this.#retire(this.#runs.take(record.runId));
    return sent;
  }

  tokenSink(run: SinkRun, state: SendState): TokenSink {
    const known = this.#runs.find(run) ?? this.#define(run);
    known.tokens ??= new TokenPath(known.lane, known.runNumber, state);
    return known.tokens;
  }

  skip(info: EventInfo, record: AnyEventRecord): void {
    if (isRunEnd(info)) this.#retire(this.#runs.take(record.runId));
  }

  flush(): Promise<unknown[]> {
    return failuresOf(this.#lanes.map((lane) => lane.flush()));
  }

  close(): Promise<unknown[]> {
    return failuresOf(this.#lanes.map((lane) => lane.close()));
  }

  async abort(error: SidecallError): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.abort(error)));
  }

  call(call: RemoteCall): Promise<unknown[]> {
    return Promise.all(this.#lanes.map((lane) => lane.call(call)));
  }

  stats(): readonly LaneCounts[] {
    return this.#lanes.map((lane) => lane.stats());
  }

  /** Defines a run for its trace's lane, which does not know it, or knows it with other fields. */
  #define(record: AnyEventRecord | SinkRun): KnownRun<Lane> {
    this.#retire(this.#runs.take(record.runId));
    this.#retire(this.#runs.takeOldestBeyondLimit());
    const lane = this.#laneOf(record.traceId);
    const run = runOf(record);
    return this.#runs.add({ run, lane, runNumber: lane.define(run), tokens: undefined });
  }

  #laneOf(traceId: string): Lane {
    return this.#lanes[laneOf(traceId, this.#lanes.length)] as Lane;
  }

  #retire(known: KnownRun<Lane> | undefined): void {
    known?.lane.retire(known.runNumber);
  }
}

/** The failures of all lanes, once each has settled: a lane that is given up keeps no other from its end. */
async function failuresOf(lanes: readonly Promise<unknown[]>[]): Promise<unknown[]> {
  const results = await Promise.allSettled(lanes);
  const failures = results.flatMap((lane) => (lane.status === "fulfilled" ? lane.value : [lane.reason]));
  // An abort is one error for all lanes.
  return [...new Set(failures)];
}
