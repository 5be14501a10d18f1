/** One peer's figures for one metric, a figure a round. */
export interface Series {
  readonly peer: string;
  readonly metric: string;
  readonly unit: string;
  /** Where on the question's axis, if it has one: how many handlers, how many bytes … */
  readonly x?: number;
  readonly rounds: readonly number[];
}

/** A figure with what it ranges over. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  const high = sorted[Math.floor(middle)] ?? Number.NaN;
  return (low + high) / 2;
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

/** The figures of one peer and metric; undefined when they were not measured. */
export function find(
  series: readonly Series[],
  peer: string,
  metric: string,
  x?: number,
): Series | undefined {
  return series.find((one) => one.peer === peer && one.metric === metric && one.x === x);
}

/** How many times `below` each round of `above` is; undefined when one of the two was not measured, or is no divisor. */
export function ratio(above: Series | undefined, below: Series | undefined): Spread | undefined {
  if (above === undefined || below === undefined) return undefined;
  const ratios = above.rounds.map((value, round) => value / (below.rounds[round] ?? Number.NaN));
  return ratios.every(Number.isFinite) ? spreadOf(ratios) : undefined;
}
