/** The values of one peer for one metric, one per round. */
export interface Series {
  readonly peer: string;
  readonly metric: string;
  readonly unit: string;
  /** Position on the question's axis, such as the number of handlers; undefined without an axis. */
  readonly x?: number;
  readonly rounds: readonly number[];
}

/** Median and range of the rounds. */
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

/** Finds the series of one peer and metric; undefined if it was not measured. */
export function find(
  series: readonly Series[],
  peer: string,
  metric: string,
  x?: number,
): Series | undefined {
  return series.find((one) => one.peer === peer && one.metric === metric && one.x === x);
}

/**
 * Divides `above` by `below` round by round. Undefined if either was not measured, or if a quotient is not finite.
 */
export function ratio(above: Series | undefined, below: Series | undefined): Spread | undefined {
  if (above === undefined || below === undefined) return undefined;
  const ratios = above.rounds.map((value, round) => value / (below.rounds[round] ?? Number.NaN));
  return ratios.every(Number.isFinite) ? spreadOf(ratios) : undefined;
}
