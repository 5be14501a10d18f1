import type { Answer } from "../harness/question.ts";
import { find, ratio, type Series, type Spread } from "../harness/series.ts";
import { BARE_CALL, OFF_THREAD_CALL } from "../peers/callers.ts";
import { PISCINA } from "../peers/piscina.ts";
import { OFF_THREAD } from "../peers/placements.ts";
import { RAW_RING } from "../peers/raw-ring.ts";
import { NO_HANDLER, offThreadName } from "../peers/sidecall.ts";
import { YIELDING } from "../peers/yielding.ts";
import { BATCH_OFF_THREAD, BATCH_WAYS } from "../questions/batch.ts";
import { DELIVERED } from "../questions/throughput.ts";
import { compact } from "../report/format.ts";
import type { TargetResult } from "../report/target-result.ts";
import { langChainName } from "./langchain.ts";
import { PINO } from "./pino.ts";

/** A peer at a position on the question's axis. "last" is the greatest, which depends on the profile. */
interface Side {
  readonly peer: string;
  readonly x?: number | "last" | "before last";
}

/** A bound for the ratio of `above` to `below`, in each of the metrics. */
interface Target {
  readonly name: string;
  readonly question: string;
  readonly above: Side;
  readonly below: Side;
  readonly metrics: readonly string[];
  readonly bound: { readonly atMost: number } | { readonly atLeast: number };
  /** A peer whose value is subtracted from both sides: the harness's own cost. */
  readonly without?: string;
}

/** The metrics of the main thread's cost; CPU is absent on some systems. */
const ALL_COSTS = ["call", "busy", "CPU"];
/** For a peer whose call only queues a task or job. */
const THREAD_COSTS = ["busy", "CPU"];

const TARGETS: readonly Target[] = [
  {
    name: "token, main thread, 1 off-thread handler ÷ LangChain.js, 1 awaited handler",
    question: "token-burst",
    above: { peer: offThreadName(1), x: "last" },
    below: { peer: langChainName(1, true), x: "last" },
    metrics: ALL_COSTS,
    bound: { atMost: 0.35 },
  },
  {
    name: "token, main thread, 8 off-thread handlers ÷ LangChain.js, 8 background handlers",
    question: "token-burst",
    above: { peer: offThreadName(8), x: "last" },
    below: { peer: langChainName(8, false), x: "last" },
    metrics: THREAD_COSTS,
    bound: { atMost: 1 / 50 },
  },
  {
    name: "token, main thread, above no handler ÷ Piscina task per event",
    question: "token-paced",
    above: { peer: offThreadName(1), x: 2_000 },
    below: { peer: PISCINA, x: 2_000 },
    without: NO_HANDLER,
    metrics: THREAD_COSTS,
    bound: { atMost: 1 / 8 },
  },
  ...[
    { name: "tokens/s through one lane ÷ raw ring, not decoded", peer: RAW_RING, atLeast: 0.5 },
    { name: "tokens/s through one lane ÷ Piscina task per event", peer: PISCINA, atLeast: 40 },
    { name: "tokens/s through one lane ÷ pino's worker writing lines", peer: PINO, atLeast: 2 },
  ].map(({ name, peer, atLeast }) => ({
    name,
    question: "throughput",
    above: { peer: offThreadName(1), x: 1 },
    below: { peer, x: 1 },
    metrics: [DELIVERED],
    bound: { atLeast },
  })),
  {
    name: "awaited start, idle ÷ bare postMessage round trip",
    question: "ack-latency",
    above: { peer: OFF_THREAD_CALL },
    below: { peer: BARE_CALL },
    metrics: ["idle p50"],
    bound: { atMost: 1.3 },
  },
  {
    name: "event-loop delay, handler of 1 ms off-thread ÷ no handler",
    question: "loop-delay",
    above: { peer: OFF_THREAD, x: 1 },
    below: { peer: NO_HANDLER, x: 1 },
    metrics: ["delay p99"],
    bound: { atMost: 1.5 },
  },
  {
    name: "token, main thread, many handlers ÷ one",
    question: "fan-out",
    above: { peer: "off-thread", x: 64 },
    below: { peer: "off-thread", x: 1 },
    metrics: ALL_COSTS,
    bound: { atMost: 1.3 },
  },
  {
    name: "event, main thread, many open runs ÷ few",
    question: "open-runs",
    above: { peer: offThreadName(1), x: "last" },
    below: { peer: offThreadName(1), x: 10 },
    metrics: ["token", "run"].flatMap((way) => ALL_COSTS.map((metric) => `${way}, ${metric}`)),
    bound: { atMost: 1.3 },
  },
  {
    name: "memory, off-thread, after many tokens ÷ after fewer",
    question: "memory",
    above: { peer: "off-thread", x: "last" },
    below: { peer: "off-thread", x: "before last" },
    metrics: ["rss", "heapUsed"],
    bound: { atMost: 1.1 },
  },
  {
    name: "batch job, CPU of all threads, off-thread ÷ main thread, yielding",
    question: "batch",
    above: { peer: BATCH_OFF_THREAD },
    below: { peer: YIELDING },
    metrics: BATCH_WAYS.map((way) => `${way}, total CPU`),
    bound: { atMost: 1.15 },
  },
  {
    name: "batch job, event-loop delay, off-thread ÷ main thread, yielding",
    question: "batch",
    above: { peer: BATCH_OFF_THREAD },
    below: { peer: YIELDING },
    metrics: BATCH_WAYS.map((way) => `${way}, delay p99`),
    bound: { atMost: 1 / 4 },
  },
];

function placeOf({ x }: Side, { series }: Answer): number | undefined {
  if (typeof x !== "string") return x;
  const places = [...new Set(series.map((one) => one.x ?? 0))].sort((a, b) => a - b);
  return places.at(x === "last" ? -1 : -2);
}

function at(answer: Answer, side: Side, metric: string): Series | undefined {
  return find(answer.series, side.peer, metric, placeOf(side, answer));
}

function without(series: Series | undefined, base: Series | undefined): Series | undefined {
  if (series === undefined || base === undefined) return undefined;
  return {
    ...series,
    rounds: series.rounds.map((value, round) => value - (base.rounds[round] ?? Number.NaN)),
  };
}

function measure(target: Target, answer: Answer, metric: string): Spread | undefined {
  const side = (which: Side) => {
    const own = at(answer, which, metric);
    const base = target.without;
    return base === undefined ? own : without(own, at(answer, { ...which, peer: base }, metric));
  };
  return ratio(side(target.above), side(target.below));
}

function isReached({ bound }: Target, { median }: Spread): boolean {
  return "atMost" in bound ? median <= bound.atMost : median >= bound.atLeast;
}

function boundText({ bound }: Target): string {
  return "atMost" in bound ? `≤ ${bound.atMost}×` : `≥ ${bound.atLeast}×`;
}

/** Formats the positions of the two sides on the axis. */
function placeText({ above, below }: Target, answer: Answer): string {
  const places = [above, below].map((side) => placeOf(side, answer)).filter((x) => x !== undefined);
  return places.length === 0 ? "" : ` (${answer.axis}: ${[...new Set(places)].map(compact).join(" ÷ ")})`;
}

function evaluate(target: Target, answers: readonly Answer[]): TargetResult[] {
  const answer = answers.find(({ name }) => name === target.question);
  if (answer === undefined) return [];
  const measured = target.metrics.flatMap((metric) => {
    const spread = measure(target, answer, metric);
    return spread === undefined ? [] : [{ metric, spread }];
  });
  if (measured.length === 0) return [];
  const verdict = measured.every(({ spread }) => isReached(target, spread)) ? "ok" : "short";
  return [
    { name: `${target.name}${placeText(target, answer)}`, target: boundText(target), measured, verdict },
  ];
}

/** Evaluates the targets whose questions were answered: ratios within each round, compared at their median. */
export function evaluateTargets(answers: readonly Answer[]): TargetResult[] {
  return TARGETS.flatMap((target) => evaluate(target, answers));
}
