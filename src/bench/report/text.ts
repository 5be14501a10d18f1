import type { Figure } from "../figures.ts";
import type { Machine } from "./machine.ts";
import type { Question } from "./question.ts";
import { median, type Ratio, ratio, type Series } from "./series.ts";

/** Three significant digits; whole numbers from a thousand on. */
function short(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString("en-US") : value.toPrecision(3);
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const rule = widths.map((width) => "-".repeat(width));
  const [head = [], ...body] = rows;
  return [head, rule, ...body].map(line).join("\n");
}

function cell({ rounds, marginPercent }: Series, toBase: Ratio | undefined): string {
  const figure = `${short(median(rounds))} (${short(Math.min(...rounds))}–${short(Math.max(...rounds))})`;
  const margin = marginPercent === undefined ? "" : ` ±${Math.round(marginPercent)}%`;
  return toBase === undefined ? `${figure}${margin}` : `${figure}${margin} = ${short(toBase.median)}×`;
}

/**
 * A row per peer; for each metric the median and extremes of the rounds, Benchmark.js's margin of error where there is one,
 * and the ratio to the question's base.
 */
export function answerTable({ base }: Question, series: readonly Series[]): string {
  const metrics = [...new Set(series.map(({ metric }) => metric))];
  const peers = [...new Set(series.map(({ peer }) => peer))];
  const rows = peers.map((peer) => [
    peer,
    ...metrics.map((metric) => {
      const one = series.find((candidate) => candidate.peer === peer && candidate.metric === metric);
      return one === undefined ? "" : cell(one, ratio(series, metric, peer, base));
    }),
  ]);
  const unit = series[0]?.unit ?? "";
  return table([[`${unit}; × ${base}`, ...metrics], ...rows]);
}

export function figureTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ figure, target, measured, verdict }) => [
    figure,
    target,
    `${short(measured.median)} (${short(measured.min)}–${short(measured.max)})`,
    verdict,
  ]);
  return table([["figure to reach", "target", "measured: median (min–max of the rounds)", ""], ...rows]);
}

export function machineLines(machine: Machine): string {
  const { cpu, cores, memoryGiB, load, platform, node, versions, commit } = machine;
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  return [
    `${cpu}, ${cores} cores, ${memoryGiB} GiB, load ${load.toFixed(1)}, ${platform}`,
    `Node ${node}, ${packages.join(", ")}, commit ${commit}`,
  ].join("\n");
}
