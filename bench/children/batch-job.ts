import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { runBatchFile } from "../../src/batch/engine.ts";
import type { CallbackHandler } from "../../src/core/handler.ts";
import {
  createTokenStatistics,
  mergeTokenReports,
  type TokenReport,
  type TokenStatistics,
} from "../../src/handlers/accounting/token-statistics.ts";
import { tokenStatisticsModule } from "../../src/handlers/modules.ts";
import { offThread } from "../../src/offthread/off-thread.ts";
import { JsonLinesTracer } from "../../src/tracers/json-lines-tracer.ts";
import { jsonLinesTracerModule } from "../../src/tracers/modules.ts";
import { answerParent } from "../harness/child.ts";
import { LoopDelay } from "../harness/loop-delay.ts";
import { YieldingHandler } from "../peers/yielding.ts";

export interface BatchTask {
  readonly placement: keyof typeof PLACEMENTS;
  readonly input: string;
  readonly output: string;
  readonly trace: string;
  readonly baseUrl: string;
  readonly concurrency: number;
}

export interface BatchResult {
  /** Processor time of all threads since the process began. */
  readonly totalCpuMillis: number;
  /** The same, from when the handlers were ready. */
  readonly jobCpuMillis: number;
  readonly wallMillis: number;
  readonly delay: { readonly p50: number; readonly p99: number };
  /** Lines written, and those of them without a completion. */
  readonly done: number;
  readonly failed: number;
  /** The token statistics; undefined without handlers. */
  readonly tokens: TokenReport | undefined;
  readonly traceLines: number;
}

/** The two handlers of the batch command in one placement. */
interface Placed {
  readonly handlers: readonly CallbackHandler[];
  /** Flushes and closes the handlers; resolves with the token statistics. */
  finish(): Promise<TokenReport | undefined>;
}

async function onMainThread(path: string, isYielding: boolean): Promise<Placed> {
  const [statistics, tracer] = [await createTokenStatistics(), new JsonLinesTracer({ path })];
  const yielding = new YieldingHandler([statistics, tracer]);
  return {
    handlers: isYielding ? [yielding] : [statistics, tracer],
    async finish() {
      await yielding.flush();
      await tracer.close();
      return statistics.report();
    },
  };
}

async function onThread(path: string): Promise<Placed> {
  const handler = await offThread<TokenStatistics>(
    [
      { module: tokenStatisticsModule, name: "statistics" },
      { module: jsonLinesTracerModule, options: { path }, name: "tracer" },
    ],
    { acknowledge: "queued" },
  );
  return {
    handlers: [handler],
    async finish() {
      await handler.flush();
      const reports = await handler.remotes["statistics"]?.report();
      await handler.close();
      return mergeTokenReports(reports ?? []);
    },
  };
}

const PLACEMENTS = {
  none: async (_path: string): Promise<Placed> => ({ handlers: [], finish: async () => undefined }),
  inline: (path: string) => onMainThread(path, false),
  yielding: (path: string) => onMainThread(path, true),
  "off-thread": onThread,
};

function cpuMillis(since?: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}

await answerParent<BatchTask, BatchResult>(async ({ placement, trace, ...batch }) => {
  const placed = await PLACEMENTS[placement](trace);
  const loop = new LoopDelay();
  const cpuBefore = process.cpuUsage();
  const start = performance.now();
  loop.start();
  const { done, failed } = await runBatchFile({ ...batch, handlers: placed.handlers });
  const tokens = await placed.finish();
  const delay = loop.stop();
  const wallMillis = performance.now() - start;
  const cpu = { totalCpuMillis: cpuMillis(), jobCpuMillis: cpuMillis(cpuBefore) };
  const traceLines = placement === "none" ? 0 : readFileSync(trace, "utf8").split("\n").length - 1;
  return { ...cpu, wallMillis, delay, done, failed, tokens, traceLines };
});
