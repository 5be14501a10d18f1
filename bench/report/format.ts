import { type Series, type Spread, spreadOf } from "../harness/series.ts";

/** Three significant digits; whole numbers from a thousand on. */
export function short(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString("en-US");
  return value === 0 ? "0" : value.toPrecision(3);
}

/** For axes: 20000 as 20k. */
export function compact(value: number): string {
  if (value >= 1e6) return `${value / 1e6}M`;
  return value >= 1e3 ? `${value / 1e3}k` : String(value);
}

export function spreadText({ median, min, max }: Spread): string {
  return min === max ? short(median) : `${short(median)} (${short(min)}–${short(max)})`;
}

/** Figures that share a metric, and hence a unit: what one plot shows. */
export interface MetricGroup {
  readonly metric: string;
  readonly unit: string;
  readonly peers: readonly string[];
  /** In ascending order; empty where the question has no axis. */
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

/** What a cell of a table says: the median, its range over the rounds, and how many times the base that is. */
export function cellText(series: Series | undefined, toBase: Spread | undefined): string {
  if (series === undefined) return "";
  const figure = spreadText(spreadOf(series.rounds));
  return toBase === undefined ? figure : `${figure} = ${short(toBase.median)}×`;
}
