import { type BatchFailure, type BatchSummary, type Quantiles, shortText } from "../batch/statistics.ts";
import type { TokenReport } from "../handlers/accounting/token-statistics.ts";
import type { HandlerRow } from "./handlers.ts";

/** The main thread's event loop while a batch ran. */
export interface LoopReport {
  /** Share of time in which the event loop was busy, from 0 to 1. */
  readonly utilization: number;
  readonly delayP99Millis: number;
  readonly delayMaxMillis: number;
}

const WHOLE = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });
const FINE = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 3 });

export function whole(value: number): string {
  return WHOLE.format(value);
}

function fine(value: number): string {
  return value >= 1000 ? WHOLE.format(value) : FINE.format(value);
}

function perSecond(count: number, millis: number): number {
  return millis > 0 ? (count * 1000) / millis : 0;
}

function quantiles({ p50, p95, p99 }: Quantiles): string {
  return `p50 ${fine(p50)} ms   p95 ${fine(p95)} ms   p99 ${fine(p99)} ms`;
}

/** Aligns columns to their widest cell, the first one left and the others right. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  ");
  return rows.map((row) => `  ${line(row).trimEnd()}\n`).join("");
}

function failureRow({ line, customId, text }: BatchFailure): readonly [string, string] {
  const name = customId === null ? "" : ` (${shortText(customId)})`;
  return ["first failure", `line ${line}${name}: ${text}`];
}

function batchTable(summary: BatchSummary, loop: LoopReport): string {
  const { elapsedMillis, events, eventMillis, firstFailure } = summary;
  const rows: readonly (readonly [string, string])[] = [
    ["lines", `${whole(summary.done)}${summary.interrupted ? ", then stopped" : ""}`],
    ["runs", whole(summary.runs)],
    ["failures", `${whole(summary.failed)} (${whole(summary.retries)} retries)`],
    ...(firstFailure === undefined ? [] : [failureRow(firstFailure)]),
    ["tokens streamed", whole(summary.streamedTokens)],
    ["tokens by the server", `${whole(summary.promptTokens)} in, ${whole(summary.completionTokens)} out`],
    ["time to first token", quantiles(summary.firstTokenMillis)],
    ["latency", quantiles(summary.latencyMillis)],
    ["elapsed", `${fine(elapsedMillis / 1000)} s`],
    ["tokens/s", whole(perSecond(summary.streamedTokens, elapsedMillis))],
    ["events", whole(events)],
    ["main-thread µs per event", events === 0 ? "-" : fine((eventMillis * 1000) / events)],
    [
      "event loop",
      `busy ${fine(loop.utilization * 100)} %, delay p99 ${fine(loop.delayP99Millis)} ms, max ${fine(loop.delayMaxMillis)} ms`,
    ],
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, value]) => `  ${label.padEnd(width)}  ${value}\n`).join("");
}

function handlerTable(rows: readonly HandlerRow[]): string {
  const head = ["handler", "events handled", "failed", "dropped", "waiting"];
  const body = rows.map(({ name, handled, failed, dropped, waiting }) => [
    name,
    ...[handled, failed, dropped, waiting].map(whole),
  ]);
  return columns([head, ...body]);
}

function tokenTable({ encoding, models }: TokenReport): string {
  const head = [`tokens (${encoding})`, "prompts", "in", "texts", "out"];
  const body = Object.entries(models).map(([model, tokens]) => [
    model,
    ...[tokens.prompts, tokens.promptTokens, tokens.texts, tokens.completionTokens].map(whole),
  ]);
  return columns([head, ...body]);
}

/** Writes the report at the end of a batch. */
export function reportText(
  summary: BatchSummary,
  loop: LoopReport,
  handlers: readonly HandlerRow[],
  tokens: TokenReport | undefined,
): string {
  const parts = [batchTable(summary, loop)];
  if (handlers.length > 0) parts.push(handlerTable(handlers));
  if (tokens !== undefined && Object.keys(tokens.models).length > 0) parts.push(tokenTable(tokens));
  return `${parts.join("\n")}`;
}
