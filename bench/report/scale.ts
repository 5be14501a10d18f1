/** Maps values to coordinates. */
export interface Scale {
  readonly isLog: boolean;
  at(value: number): number;
  /** Values of the grid lines. */
  readonly ticks: readonly number[];
}

/** Ratio of greatest to least value from which on an axis is logarithmic: a linear one would hide the small values. */
const LOG_FROM = 25;
const MAX_TICKS = 6;

function linearStep(top: number): number {
  const rough = top / (MAX_TICKS - 2);
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
}

function linear(top: number, from: number, to: number): Scale {
  const step = linearStep(top);
  const ticks = Array.from({ length: Math.floor(top / step + 1e-9) + 1 }, (_, i) =>
    Number((i * step).toPrecision(12)),
  );
  return { isLog: false, at: (value) => from + (value / top) * (to - from), ticks };
}

function logarithmic(low: number, high: number, from: number, to: number, ticks: readonly number[]): Scale {
  const width = Math.log10(high) - Math.log10(low);
  const at = (value: number) =>
    width === 0
      ? (from + to) / 2
      : from + ((Math.log10(Math.max(value, low)) - Math.log10(low)) / width) * (to - from);
  return { isLog: true, at, ticks };
}

/** Returns the powers of ten from the one below `low` to the one above `high`. */
function decades(low: number, high: number): number[] {
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  return Array.from({ length: last - first + 1 }, (_, i) => Number(`1e${first + i}`));
}

/** A scale for measured values: linear from zero, or logarithmic where they range far. */
export function valueScale(values: readonly number[], from: number, to: number): Scale {
  const positive = values.filter((value) => value > 0);
  const [low, high] = [Math.min(...positive), Math.max(...positive)];
  if (positive.length === 0) return linear(1, from, to);
  if (high / low < LOG_FROM) return linear(high * 1.05, from, to);
  const ticks = decades(low, high);
  return logarithmic(ticks[0] ?? low, ticks.at(-1) ?? high, from, to, ticks);
}

/** A logarithmic scale for a question's axis, with its positions as ticks. */
export function axisScale(xs: readonly number[], from: number, to: number): Scale {
  return logarithmic(xs[0] ?? 1, xs.at(-1) ?? 1, from, to, xs);
}
