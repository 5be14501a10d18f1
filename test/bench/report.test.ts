import { expect, test } from "vitest";
import type { Answer } from "../../bench/harness/question.ts";
import { resultsPage } from "../../bench/report/html.ts";
import type { Results } from "../../bench/report/results.ts";
import { axisScale, valueScale } from "../../bench/report/scale.ts";
import { answerText } from "../../bench/report/text.ts";

const HOSTILE = `<script>alert("&")</script>'`;

const BARS: Answer = {
  name: "bars",
  asks: HOSTILE,
  base: "b",
  series: [
    { peer: HOSTILE, metric: "call", unit: "µs", rounds: [1, 2, 3] },
    { peer: "b", metric: "call", unit: "µs", rounds: [4, 4, 4] },
    { peer: "b", metric: HOSTILE, unit: HOSTILE, rounds: [0] },
  ],
};

const LINES: Answer = {
  name: "lines",
  asks: "how long?",
  base: "a, 1 handler",
  axis: HOSTILE,
  series: [100, 2_000, 2e6].flatMap((x) => [
    { peer: "a, 1 handler", metric: "call", unit: "µs", x, rounds: [x / 100, x / 50] },
    { peer: "a, 8 handlers", metric: "call", unit: "µs", x, rounds: [x / 10, x / 5] },
  ]),
};

const RESULTS: Results = {
  machine: {
    cpu: HOSTILE,
    cores: 2,
    memoryGiB: 4,
    load: 0.1,
    platform: "p",
    node: "v1",
    versions: { sidecall: "1.2.3" },
    commit: undefined,
  },
  date: "2026-01-01T00:00:00.000Z",
  seconds: 61.4,
  loadAtEnd: 0.2,
  text: HOSTILE,
  profile: "quick",
  answers: [BARS, LINES],
  unanswered: [{ name: HOSTILE, reason: HOSTILE }],
  targets: [
    {
      name: HOSTILE,
      target: "≤ 1×",
      measured: [{ metric: "call", spread: { median: 0.5, min: 0.25, max: 1 } }],
      verdict: "ok",
    },
  ],
};

/** Returns the elements left open at the end, or the first closing tag that does not match. */
function unbalanced(page: string): string[] {
  const empty = new Set(["meta", "!doctype"]);
  const open: string[] = [];
  for (const [tag, closing, name = ""] of page.matchAll(/<(\/?)([a-z0-9!]+)[^>]*>/g)) {
    if (empty.has(name)) continue;
    if (closing === "") open.push(name);
    else if (open.pop() !== name) return [tag];
  }
  return open;
}

test("the page is one file without scripts and escapes all text", () => {
  const page = resultsPage(RESULTS);
  expect(page).not.toMatch(/<script|<link|src=|@import|url\(/);
  expect(page).toContain("&lt;script&gt;alert(&quot;&amp;&quot;)&lt;/script&gt;&#39;");
  expect(unbalanced(page)).toEqual([]);
  expect(page).not.toMatch(/NaN|Infinity|undefined/);
});

test("the page has a plot for every metric of every answer, the values, the targets and the machine", () => {
  const page = resultsPage(RESULTS);
  expect(page.match(/<svg [^>]*role="img"/g)).toHaveLength(3);
  expect(
    page.match(/<polyline class="curve c\d" points="[\d., -]+" stroke-dasharray="[^"]*"><\/polyline>/g),
  ).toHaveLength(4);
  expect(page).toContain("<td>2.00 (1.00–3.00) = 0.500×</td>");
  expect(page).toContain("call 0.500 (0.250–1.00)");
  for (const fact of [
    "sidecall 1.2.3",
    "2 cores",
    "61 s, quick profile",
    "0.1 at the start, 0.2 at the end",
  ]) {
    expect(page).toContain(fact);
  }
});

test("the terminal text has bars, and with an axis a table for every metric", () => {
  const text = answerText(LINES);
  expect(text).toContain("| × a, 1 handler |");
  expect(text).toMatch(/\| a, 8 handlers +\| 15\.0 \(10\.0–20\.0\) = 10\.0× \| 300 .* = 10\.0× +\| 300,000 /);
  expect(text).toMatch(/a, 1 handler +█+\S* 30,000\na, 8 handlers █{40} 300,000/);
});

test("bars show the position on the axis with the most peers", () => {
  const alone = { peer: "b", metric: "call", unit: "µs", x: 3e6, rounds: [1] };
  expect(answerText({ ...LINES, series: [...LINES.series, alone] })).toMatch(
    /call, µs at 2M .*\na, 1 handler +█+\S* 30,000\na, 8 handlers █{40} 300,000\n/,
  );
});

test("the terminal text has one table of all metrics without an axis", () => {
  const rows = answerText(BARS)
    .split("\n")
    .filter((line) => line.startsWith("| "));
  expect(rows[0]).toContain("| call (µs)");
  expect(rows).toHaveLength(4);
});

test("a scale is linear from zero, or logarithmic where values range far", () => {
  const near = valueScale([2, 9], 0, 100);
  expect([near.isLog, near.at(0), near.ticks[0]]).toEqual([false, 0, 0]);
  const far = valueScale([0.5, 900], 0, 100);
  expect([far.isLog, far.ticks]).toEqual([true, [0.1, 1, 10, 100, 1000]]);
  expect(far.at(0.1)).toBe(0);
  expect(far.at(1000)).toBe(100);
  expect(far.at(0)).toBe(0);
  expect(valueScale([0, 0], 0, 100).at(0)).toBe(0);
});

test("an axis with one position has it in the middle", () => {
  expect(axisScale([8], 0, 100).at(8)).toBe(50);
  expect([1, 10, 100].map((x) => axisScale([1, 10, 100], 0, 100).at(x))).toEqual([0, 50, 100]);
});
