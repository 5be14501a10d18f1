import { createHistogram, type RecordableHistogram } from "node:perf_hooks";
import type { OverheadStats } from "./overhead.ts";

export interface HandlerStats {
  readonly name: string;
  /** Events that the handler settled without failing. */
  readonly handled: number;
  readonly failed: number;
}

/** What one lane has done and has to do. Events that no handler wants are not counted. */
export interface LaneStats {
  /** Events sent: each is settled, dropped, or counted in `depth`. */
  readonly events: number;
  /** Bytes of the events' own fields. */
  readonly bytes: number;
  /** Events given up: by the overflow policy, by an abort, or because their thread could not be kept alive. */
  readonly dropped: number;
  /** Events sent and not yet settled. */
  readonly depth: number;
  /** Bytes in the ring and waiting for room in it. */
  readonly bufferedBytes: number;
  /** Events begun a second time because their thread died. */
  readonly redelivered: number;
  /** Threads that died and were replaced. */
  readonly restarts: number;
  /** Nanoseconds from sending an event that somebody awaits to its acknowledgement. */
  readonly acknowledged: RecordableHistogram;
  readonly handlers: readonly HandlerStats[];
}

export interface OffThreadStats extends Omit<LaneStats, "acknowledged"> {
  /** Nanoseconds from sending an event that somebody awaits to its acknowledgement, all lanes together. */
  readonly acknowledgedNanos: {
    readonly count: number;
    readonly p50: number;
    readonly p99: number;
    readonly max: number;
  };
  /** What the handler costs the main thread. */
  readonly overhead: OverheadStats;
  readonly lanes: readonly LaneStats[];
}

type Count = "events" | "bytes" | "dropped" | "depth" | "bufferedBytes" | "redelivered" | "restarts";

/** What has become of events that are not settled: once nobody goes on with them (`isOver`), they are dropped too. */
export function balance(
  events: number,
  settled: number,
  dropped: number,
  isOver: boolean,
): Pick<LaneStats, "dropped" | "depth"> {
  const depth = events - settled - dropped;
  return isOver ? { dropped: dropped + depth, depth: 0 } : { dropped, depth };
}

/** Making a histogram costs microseconds, so one lane's serves as it is. */
function combined(histograms: readonly RecordableHistogram[]): RecordableHistogram {
  const [only] = histograms;
  if (only !== undefined && histograms.length === 1) return only;
  const sum = createHistogram();
  for (const histogram of histograms) sum.add(histogram);
  return sum;
}

/** All lanes' numbers in one. */
export function summarize(lanes: readonly LaneStats[], overhead: OverheadStats): OffThreadStats {
  const sum = (count: Count) => lanes.reduce((total, lane) => total + lane[count], 0);
  const names = lanes[0]?.handlers.map(({ name }) => name) ?? [];
  const handlers = names.map((name, i) => ({
    name,
    handled: lanes.reduce((total, lane) => total + (lane.handlers[i]?.handled ?? 0), 0),
    failed: lanes.reduce((total, lane) => total + (lane.handlers[i]?.failed ?? 0), 0),
  }));
  const latency = combined(lanes.map((lane) => lane.acknowledged));
  const { count } = latency;
  const empty = count === 0;
  return {
    events: sum("events"),
    bytes: sum("bytes"),
    dropped: sum("dropped"),
    depth: sum("depth"),
    bufferedBytes: sum("bufferedBytes"),
    redelivered: sum("redelivered"),
    restarts: sum("restarts"),
    acknowledgedNanos: {
      count,
      p50: empty ? 0 : latency.percentile(50),
      p99: empty ? 0 : latency.percentile(99),
      max: empty ? 0 : latency.max,
    },
    handlers,
    overhead,
    lanes,
  };
}
