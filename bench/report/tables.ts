import type { Answer } from "../harness/question.ts";
import { find, ratio } from "../harness/series.ts";
import { byMetric, cellText, compact, type Rows, spreadText } from "./format.ts";
import type { TargetResult } from "./target-result.ts";

export interface Table {
  readonly title?: string;
  readonly rows: Rows;
}

/** Makes one table of all metrics; with an axis, a table per metric with a column per position on the axis. */
export function answerTables({ series, base, axis }: Answer): Table[] {
  const cell = (peer: string, metric: string, x?: number) => {
    const own = find(series, peer, metric, x);
    return cellText(own, base === undefined ? undefined : ratio(own, find(series, base, metric, x)));
  };
  const corner = base === undefined ? "" : `× ${base}`;
  const groups = byMetric(series);
  if (axis === undefined) {
    const peers = [...new Set(groups.flatMap((group) => group.peers))];
    const head = [corner, ...groups.map(({ metric, unit }) => `${metric} (${unit})`)];
    return [
      { rows: [head, ...peers.map((peer) => [peer, ...groups.map(({ metric }) => cell(peer, metric))])] },
    ];
  }
  return groups.map(({ metric, unit, peers, xs }) => ({
    title: `${metric}, ${unit}, by ${axis}`,
    rows: [
      [corner, ...xs.map(compact)],
      ...peers.map((peer) => [peer, ...xs.map((x) => cell(peer, metric, x))]),
    ],
  }));
}

export function targetRows(targets: readonly TargetResult[]): Rows {
  return [
    ["ratio", "target", "measured: median (min–max of the rounds)", "verdict"],
    ...targets.map(({ name, target, measured, verdict }) => [
      name,
      target,
      measured.map(({ metric, spread }) => `${metric} ${spreadText(spread)}`).join("; "),
      verdict,
    ]),
  ];
}
