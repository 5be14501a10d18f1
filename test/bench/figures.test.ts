import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { figuresToReach } from "../../bench/figures.ts";
import { inTurn } from "../../bench/harness/cost.ts";
import { median, ratio, type Series } from "../../bench/harness/series.ts";

function calls(peer: string, rounds: readonly number[]): Series {
  return { peer, metric: "call", unit: "µs/event", rounds };
}

test("a ratio is taken round by round", () => {
  const series = [calls("a", [1, 20, 6]), calls("b", [2, 10, 2])];
  expect(ratio(series, "call", "a", "b")).toEqual({ median: 2, min: 0.5, max: 3 });
  expect(ratio(series, "call", "a", "c")).toBeUndefined();
});

test("the median of an even number of values lies between the middle two", () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([5, 1, 3])).toBe(3);
});

test("the order of the peers changes from round to round", () => {
  const orders = [0, 1, 2].map((round) => inTurn(["a", "b", "c"], round).join(""));
  expect(orders).toEqual(["abc", "acb", "cab"]);
});

test("a figure is short when its median misses the target", () => {
  const tokens = [calls("off-thread, 1 handler", [1, 1, 1]), calls("off-thread, 8 handlers", [1, 1.4, 1.5])];
  const rate = {
    peer: "off-thread, 1 handler",
    metric: "delivered",
    unit: "tokens/s",
    rounds: [4e5, 5e5, 9e5],
  };
  const figures = figuresToReach({ "token-cost": tokens, throughput: [rate] });
  expect(figures.map(({ target, verdict }) => [target, verdict])).toEqual([
    ["≤ 1.3", "short"],
    ["≥ 500000", "ok"],
  ]);
  expect(figuresToReach({})).toEqual([]);
});

test("a question that does not exist is refused with the names of those that do", () => {
  const main = fileURLToPath(new URL("../../bench/main.js", import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [main, "speed"], { encoding: "utf8" });
  expect(stderr).toMatch(/got `speed`.*token-cost, lifecycle-cost, round-trip, throughput/);
  expect(status).toBe(2);
});
