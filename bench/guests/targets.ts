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
import type { Figure } from "../report/figure.ts";
import { compact } from "../report/format.ts";
import { langChainName } from "./langchain.ts";
import { PINO } from "./pino.ts";

/** A peer at a place on the question's axis: "last" is its end, which is nearer with quick effort. */
interface Side {
  readonly peer: string;
  readonly x?: number | "last" | "before last";
}

/** What a figure is to be; the ratio of `above` to `below`. */
interface Goal {
  readonly figure: string;
  readonly question: string;
  readonly above: Side;
  readonly below: Side;
  readonly metrics: readonly string[];
  readonly bound: { readonly atMost: number } | { readonly atLeast: number };
  /** A peer whose figure both sides contain: the harness's own cost, which is taken off. */
  readonly without?: string;
}

/** By which the main thread's cost is told; CPU only where the system tells it. */
const ALL_COSTS = ["call", "busy", "CPU"];
/** Where the call alone only puts a task into a queue, or a job. */
const THREAD_COSTS = ["busy", "CPU"];

const GOALS: readonly Goal[] = [
  {
    figure: "token, main thread, 1 off-thread handler ÷ LangChain.js, 1 awaited handler",
    question: "token-burst",
    above: { peer: offThreadName(1), x: "last" },
    below: { peer: langChainName(1, true), x: "last" },
    metrics: ALL_COSTS,
    bound: { atMost: 0.35 },
  },
  {
    figure: "token, main thread, 8 off-thread handlers ÷ LangChain.js, 8 background handlers",
    question: "token-burst",
    above: { peer: offThreadName(8), x: "last" },
    below: { peer: langChainName(8, false), x: "last" },
    metrics: THREAD_COSTS,
    bound: { atMost: 1 / 50 },
  },
  {
    figure: "token, main thread, above no handler ÷ Piscina task per event",
    question: "token-paced",
    above: { peer: offThreadName(1), x: 2_000 },
    below: { peer: PISCINA, x: 2_000 },
    without: NO_HANDLER,
    metrics: THREAD_COSTS,
    bound: { atMost: 1 / 8 },
  },
  ...[
    { figure: "tokens/s through one lane ÷ raw ring, not decoded", peer: RAW_RING, atLeast: 0.5 },
    { figure: "tokens/s through one lane ÷ Piscina task per event", peer: PISCINA, atLeast: 40 },
    { figure: "tokens/s through one lane ÷ pino's worker writing lines", peer: PINO, atLeast: 2 },
  ].map(({ figure, peer, atLeast }) => ({
    figure,
    question: "throughput",
    above: { peer: offThreadName(1), x: 1 },
    below: { peer, x: 1 },
    metrics: [DELIVERED],
    bound: { atLeast },
  })),
  {
    figure: "awaited start, idle ÷ bare postMessage round trip",
    question: "ack-latency",
    above: { peer: OFF_THREAD_CALL },
    below: { peer: BARE_CALL },
    metrics: ["idle p50"],
    bound: { atMost: 1.3 },
  },
  {
    figure: "event-loop delay, handler of 1 ms off-thread ÷ no handler",
    question: "loop-delay",
    above: { peer: OFF_THREAD, x: 1 },
    below: { peer: NO_HANDLER, x: 1 },
    metrics: ["delay p99"],
    bound: { atMost: 1.5 },
  },
  {
    figure: "token, main thread, many handlers ÷ one",
    question: "fan-out",
    above: { peer: "off-thread", x: 64 },
    below: { peer: "off-thread", x: 1 },
    metrics: ALL_COSTS,
    bound: { atMost: 1.3 },
  },
  {
    figure: "event, main thread, many open runs ÷ few",
    question: "open-runs",
    above: { peer: offThreadName(1), x: "last" },
    below: { peer: offThreadName(1), x: 10 },
    metrics: ["token", "run"].flatMap((way) => ALL_COSTS.map((metric) => `${way}, ${metric}`)),
    bound: { atMost: 1.3 },
  },
  {
    figure: "memory, off-thread, after many tokens ÷ after fewer",
    question: "memory",
    above: { peer: "off-thread", x: "last" },
    below: { peer: "off-thread", x: "before last" },
    metrics: ["rss", "heapUsed"],
    bound: { atMost: 1.1 },
  },
  {
    figure: "batch job, CPU of all threads, off-thread ÷ main thread, yielding",
    question: "batch",
    above: { peer: BATCH_OFF_THREAD },
    below: { peer: YIELDING },
    metrics: BATCH_WAYS.map((way) => `${way}, total CPU`),
    bound: { atMost: 1.15 },
  },
  {
    figure: "batch job, event-loop delay, off-thread ÷ main thread, yielding",
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

function measure(goal: Goal, answer: Answer, metric: string): Spread | undefined {
  const side = (which: Side) => {
    const own = at(answer, which, metric);
    const base = goal.without;
    return base === undefined ? own : without(own, at(answer, { ...which, peer: base }, metric));
  };
  return ratio(side(goal.above), side(goal.below));
}

function isReached({ bound }: Goal, { median }: Spread): boolean {
  return "atMost" in bound ? median <= bound.atMost : median >= bound.atLeast;
}

function targetText({ bound }: Goal): string {
  return "atMost" in bound ? `≤ ${bound.atMost}×` : `≥ ${bound.atLeast}×`;
}

/** Where the sides are on the axis, for a reader. */
function placeText({ above, below }: Goal, answer: Answer): string {
  const places = [above, below].map((side) => placeOf(side, answer)).filter((x) => x !== undefined);
  return places.length === 0 ? "" : ` (${answer.axis}: ${[...new Set(places)].map(compact).join(" ÷ ")})`;
}

function evaluate(goal: Goal, answers: readonly Answer[]): Figure[] {
  const answer = answers.find(({ name }) => name === goal.question);
  if (answer === undefined) return [];
  const measured = goal.metrics.flatMap((metric) => {
    const spread = measure(goal, answer, metric);
    return spread === undefined ? [] : [{ metric, spread }];
  });
  if (measured.length === 0) return [];
  const verdict = measured.every(({ spread }) => isReached(goal, spread)) ? "ok" : "short";
  return [
    { figure: `${goal.figure}${placeText(goal, answer)}`, target: targetText(goal), measured, verdict },
  ];
}

/** The figures that the answers at hand allow: ratios within one run, each judged at its median. */
export function evaluateTargets(answers: readonly Answer[]): Figure[] {
  return GOALS.flatMap((goal) => evaluate(goal, answers));
}
