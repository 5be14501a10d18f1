/** One peer's figures for one metric, a figure a round. */
export interface Series {
  readonly peer: string;
  readonly metric: string;
  readonly unit: string;
  readonly rounds: readonly number[];
  /** Benchmark.js's relative margin of error, in percent, as the median of the rounds. */
  readonly marginPercent?: number;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  const high = sorted[Math.floor(middle)] ?? Number.NaN;
  return (low + high) / 2;
}

export interface Ratio {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** How many times `base` each round's figure is; undefined when one of the two was not measured. */
export function ratio(
  series: readonly Series[],
  metric: string,
  peer: string,
  base: string,
): Ratio | undefined {
  const find = (name: string) => series.find((one) => one.peer === name && one.metric === metric)?.rounds;
  const [above, below] = [find(peer), find(base)];
  if (above === undefined || below === undefined) return undefined;
  const ratios = above.map((value, round) => value / (below[round] ?? Number.NaN));
  return { median: median(ratios), min: Math.min(...ratios), max: Math.max(...ratios) };
}
