import { expect, test } from "vitest";
import { evaluateTargets } from "../../bench/guests/targets.ts";
import type { Answer } from "../../bench/harness/question.ts";
import { inRounds, inTurn } from "../../bench/harness/rounds.ts";
import { median, ratio, type Series } from "../../bench/harness/series.ts";

function series(peer: string, metric: string, rounds: readonly number[], x?: number): Series {
  return { peer, metric, unit: "µs/event", rounds, ...(x === undefined ? {} : { x }) };
}

function answer(name: string, all: readonly Series[]): Answer {
  return { name, asks: "?", axis: "things", series: all };
}

test("divides round by round", () => {
  const [a, b] = [series("a", "call", [1, 20, 6]), series("b", "call", [2, 10, 2])];
  expect(ratio(a, b)).toEqual({ median: 2, min: 0.5, max: 3 });
  expect(ratio(a, undefined)).toBeUndefined();
  expect(ratio(a, series("z", "call", [1, 0, 1]))).toBeUndefined();
});

test("the median of an even number of values lies between the middle two", () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([5, 1, 3])).toBe(3);
});

test("the order of the trials changes from round to round", () => {
  const orders = [0, 1, 2].map((round) => inTurn(["a", "b", "c"], round).join(""));
  expect(orders).toEqual(["abc", "acb", "cab"]);
});

test("discards the warm-up round", async () => {
  let value = 0;
  const measure = async () => [{ metric: "m", unit: "u", value: value++ }];
  const profile = { name: "quick", rounds: 2, burstMillis: 0, pacedMillis: 0 } as const;
  expect(await inRounds([{ peer: "p", x: 8, measure }], profile)).toEqual([
    { peer: "p", metric: "m", unit: "u", x: 8, rounds: [1, 2] },
  ]);
});

const ONE = "off-thread, 1 handler";

test("a target is missed when the median of one metric misses it; it compares the longest burst", () => {
  const langChain = "LangChain.js awaited, 1 handler";
  const burst = (call: number) =>
    answer("token-burst", [
      ...[100, 2_000].flatMap((x) => [
        series(langChain, "call", [1, 1, 1], x),
        series(langChain, "CPU", [1, 1, 1], x),
      ]),
      series(ONE, "call", [9, 9, 9], 100),
      series(ONE, "call", [call, call, 9], 2_000),
      series(ONE, "CPU", [0.3, 0.3, 0.3], 2_000),
    ]);
  const [ok] = evaluateTargets([burst(0.35)]);
  expect(ok).toMatchObject({ target: "≤ 0.35×", verdict: "ok" });
  expect(ok?.name).toContain("(things: 2k)");
  expect(ok?.measured.map(({ metric }) => metric)).toEqual(["call", "CPU"]);
  expect(evaluateTargets([burst(0.36)])).toMatchObject([{ verdict: "short" }]);
});

test("at a pace the harness's own cost is subtracted from both sides", () => {
  const paced = answer("token-paced", [
    series("no handler", "busy", [10, 10], 2_000),
    series(ONE, "busy", [11, 11], 2_000),
    series("Piscina task", "busy", [20, 20], 2_000),
  ]);
  expect(evaluateTargets([paced])).toMatchObject([
    { measured: [{ metric: "busy", spread: { median: 0.1 } }], verdict: "ok" },
  ]);
});

test("a rate must reach its target from above", () => {
  const rates = (own: number) =>
    answer("throughput", [series(ONE, "delivered", [own], 1), series("raw ring", "delivered", [100], 1)]);
  expect(evaluateTargets([rates(50)])).toMatchObject([{ target: "≥ 0.5×", verdict: "ok" }]);
  expect(evaluateTargets([rates(49)])).toMatchObject([{ verdict: "short" }]);
});

test("leaves out targets whose questions were not answered", () => {
  expect(evaluateTargets([])).toEqual([]);
  expect(evaluateTargets([answer("throughput", [series(ONE, "delivered", [1], 1)])])).toEqual([]);
});
