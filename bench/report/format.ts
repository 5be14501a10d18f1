import { type Series, type Spread, spreadOf } from "../harness/series.ts";

/** Formats with three significant digits, from 1000 on as a whole number. */
export function short(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString("en-US");
  return value === 0 ? "0" : value.toPrecision(3);
}

/** Formats a position on an axis: 20000 as 20k. */
export function compact(value: number): string {
  if (value >= 1e6) return `${value / 1e6}M`;
  return value >= 1e3 ? `${value / 1e3}k` : String(value);
}

export function spreadText({ median, min, max }: Spread): string {
  return min === max ? short(median) : `${short(median)} (${short(min)}–${short(max)})`;
}

/** The series of one metric, and hence of one unit: the content of one plot. */
export interface MetricGroup {
  readonly metric: string;
  readonly unit: string;
  readonly peers: readonly string[];
  /** Positions on the axis in ascending order; empty without an axis. */
  readonly xs: readonly number[];
  readonly series: readonly Series[];
}

function distinct<T>(values: readonly T[]): T[] {
  return [...new Set(values)];
}

export function byMetric(series: readonly Series[]): MetricGroup[] {
  return distinct(series.map(({ metric }) => metric)).map((metric) => {
    const own = series.filter((one) => one.metric === metric);
    return {
      metric,
      unit: own[0]?.unit ?? "",
      peers: distinct(own.map(({ peer }) => peer)),
      xs: distinct(own.flatMap(({ x }) => (x === undefined ? [] : [x]))).sort((a, b) => a - b),
      series: own,
    };
  });
}

/** A table's cells, the head first; the first column names the rows. */
export type Rows = readonly (readonly string[])[];

/** Formats a cell: the median, the range of the rounds, and the ratio to the base peer. */
export function cellText(series: Series | undefined, toBase: Spread | undefined): string {
  if (series === undefined) return "";
  const figure = spreadText(spreadOf(series.rounds));
  return toBase === undefined ? figure : `${figure} = ${short(toBase.median)}×`;
}
