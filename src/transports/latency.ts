import { createHistogram, performance, type RecordableHistogram } from "node:perf_hooks";

/** How long something took, in nanoseconds. All are 0 where `count` is. */
export interface LatencyNanos {
  readonly count: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Records the nanoseconds since `sentAt` (`performance.now()`), at least 1, and gives them back. */
export function recordLatency(histogram: RecordableHistogram, sentAt: number): number {
  const nanos = Math.max(1, Math.round((performance.now() - sentAt) * 1e6));
  histogram.record(nanos);
  return nanos;
}

export function latencyOf(histogram: RecordableHistogram): LatencyNanos {
  const { count, max } = histogram;
  if (count === 0) return { count, p50: 0, p99: 0, max: 0 };
  return { count, p50: histogram.percentile(50), p99: histogram.percentile(99), max };
}

/** Making a histogram costs microseconds, so a single one serves as it is. */
export function combined(histograms: readonly RecordableHistogram[]): RecordableHistogram {
  const [only] = histograms;
  if (only !== undefined && histograms.length === 1) return only;
  const sum = createHistogram();
  for (const histogram of histograms) sum.add(histogram);
  return sum;
}
