import type { RecordableHistogram } from "node:perf_hooks";
import { combined, type LatencyNanos, latencyOf } from "./latency.ts";
import type { OverheadStats } from "./overhead.ts";

export interface HandlerStats {
  readonly name: string;
  /** Events that the handler settled without failing. */
  readonly handled: number;
  readonly failed: number;
}

/** Counts of one lane. Events that no handler wants are not counted. */
export interface LaneStats {
  /** Events sent: each is done, dropped, or counted in `depth`. */
  readonly events: number;
  /** Bytes of the events' own fields. */
  readonly bytes: number;
  /** Events given up: by the overflow policy, by an abort, or because their thread could not be kept alive. */
  readonly dropped: number;
  /** Events sent and not yet done. */
  readonly depth: number;
  /** Bytes in the ring and waiting for room in it. */
  readonly bufferedBytes: number;
  /** Events begun a second time because their thread died. */
  readonly redelivered: number;
  /** Threads that died and were replaced. */
  readonly restarts: number;
  /** From sending an event whose caller waits to its acknowledgement. */
  readonly acknowledgedNanos: LatencyNanos;
  readonly handlers: readonly HandlerStats[];
}

export interface OffThreadStats extends LaneStats {
  /** The cost of the handler to the main thread. */
  readonly overhead: OverheadStats;
  readonly lanes: readonly LaneStats[];
}

/** A lane's counts as its transport keeps them: the histogram goes on changing. */
export interface LaneCounts extends Omit<LaneStats, "acknowledgedNanos"> {
  readonly acknowledged: RecordableHistogram;
}

type Count = "events" | "bytes" | "dropped" | "depth" | "bufferedBytes" | "redelivered" | "restarts";

/** Splits the events that are not done: they wait, or count as dropped once no thread goes on with them (`isOver`). */
export function balance(
  events: number,
  done: number,
  dropped: number,
  isOver: boolean,
): Pick<LaneStats, "dropped" | "depth"> {
  const depth = events - done - dropped;
  return isOver ? { dropped: dropped + depth, depth: 0 } : { dropped, depth };
}

function laneStats({ acknowledged, ...counts }: LaneCounts): LaneStats {
  return { ...counts, acknowledgedNanos: latencyOf(acknowledged) };
}

/** All lanes' numbers in one. */
export function summarize(lanes: readonly LaneCounts[], overhead: OverheadStats): OffThreadStats {
  const sum = (count: Count) => lanes.reduce((total, lane) => total + lane[count], 0);
  const names = lanes[0]?.handlers.map(({ name }) => name) ?? [];
  const handlers = names.map((name, i) => ({
    name,
    handled: lanes.reduce((total, lane) => total + (lane.handlers[i]?.handled ?? 0), 0),
    failed: lanes.reduce((total, lane) => total + (lane.handlers[i]?.failed ?? 0), 0),
  }));
  return {
    events: sum("events"),
    bytes: sum("bytes"),
    dropped: sum("dropped"),
    depth: sum("depth"),
    bufferedBytes: sum("bufferedBytes"),
    redelivered: sum("redelivered"),
    restarts: sum("restarts"),
    acknowledgedNanos: latencyOf(combined(lanes.map((lane) => lane.acknowledged))),
    handlers,
    overhead,
    lanes: lanes.map(laneStats),
  };
}
