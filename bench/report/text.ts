import type { Machine } from "../harness/machine.ts";
import type { Answer } from "../harness/question.ts";
import { median } from "../harness/series.ts";
import { byMetric, compact, type MetricGroup, type Rows, short } from "./format.ts";
import { answerTables, targetRows } from "./tables.ts";
import type { TargetResult } from "./target-result.ts";

const BAR_WIDTH = 40;
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** Writes a Markdown table with aligned columns. */
function markdown(rows: Rows): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = widths.map((width) => "-".repeat(width));
  const [head = [], ...body] = rows;
  return [head, rule, ...body].map(line).join("\n");
}

function bar(share: number): string {
  const eighths = Math.round(share * BAR_WIDTH * 8);
  return "█".repeat(eighths >> 3) + EIGHTHS[eighths & 7];
}

/** Finds the position on the axis with the most peers; the last one if several have as many. */
function fullestPlace({ xs, series }: MetricGroup): number | undefined {
  const peersAt = (place: number) => series.filter(({ x }) => x === place).length;
  const most = Math.max(...xs.map(peersAt));
  return xs.findLast((x) => peersAt(x) === most);
}

/** Draws the medians as bars, a row per peer; with an axis, at the position with the most peers. */
function bars(group: MetricGroup, axis: string | undefined): string {
  const { metric, unit, peers, series } = group;
  const place = fullestPlace(group);
  const rows = peers.flatMap((peer) => {
    const own = series.find((one) => one.peer === peer && one.x === place);
    return own === undefined ? [] : [{ peer, value: median(own.rounds) }];
  });
  const [name, most] = [
    Math.max(...rows.map(({ peer }) => peer.length)),
    Math.max(...rows.map(({ value }) => value)),
  ];
  const lines = rows.map(
    ({ peer, value }) => `${peer.padEnd(name)} ${bar(most > 0 ? value / most : 0)} ${short(value)}`,
  );
  const where = axis === undefined || place === undefined ? "" : ` at ${compact(place)} ${axis}`;
  return [`${metric}, ${unit}${where}`, ...lines].join("\n");
}

/** Writes an answer for a terminal: its tables, and bars for its first metric. */
export function answerText(answer: Answer): string {
  const tables = answerTables(answer).map(({ title, rows }) =>
    title === undefined ? markdown(rows) : `${title}\n\n${markdown(rows)}`,
  );
  const [first] = byMetric(answer.series);
  const parts = first === undefined ? tables : [...tables, bars(first, answer.axis)];
  return [`${answer.name}: ${answer.asks}`, ...parts, ""].join("\n\n");
}

export function targetsText(targets: readonly TargetResult[]): string {
  return targets.length === 0 ? "" : `${markdown(targetRows(targets))}\n\n`;
}

export function machineLines(machine: Machine): string[] {
  const { cpu, cores, memoryGiB, load, platform, node, versions, commit } = machine;
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `${cpu}, ${cores} cores, ${memoryGiB} GiB, load ${load.toFixed(1)}, ${platform}`,
    `Node ${node}, ${packages.join(", ")}${commit === undefined ? "" : `, commit ${commit}`}`,
  ];
}
