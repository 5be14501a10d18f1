import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { BatchStatistics } from "../../src/batch/statistics.ts";
import { ProgressLine } from "../../src/cli/progress.ts";
import { columns, reportText } from "../../src/cli/table.ts";

const NOTHING = { p50: 0, p95: 0, p99: 0 };

function streamOf(properties: { isTTY: boolean; columns?: number }): NodeJS.WriteStream & PassThrough {
  return Object.assign(new PassThrough().setEncoding("utf8"), properties) as unknown as NodeJS.WriteStream &
    PassThrough;
}

function state(elapsedMillis: number, streamedTokens: number) {
  return { done: 3, failed: 1, inFlight: 2, streamedTokens, elapsedMillis };
}

test("on a terminal one line is rewritten, no wider than the terminal", () => {
  const stream = streamOf({ isTTY: true, columns: 40 });
  const progress = new ProgressLine(() => 7, stream);
  progress.show(state(250, 100));
  progress.show(state(500, 300));
  progress.end();
  const written = String(stream.read());
  expect(written).not.toContain("\n");
  const [, first, second] = written.split("\r\x1b[K");
  expect(first).toContain("3 done, 1 failed, 2 running · 400");
  expect(second).toContain("· 800");
  expect(second?.length).toBe(39);
});

test("without a terminal it prints a line every five seconds", () => {
  const stream = streamOf({ isTTY: false });
  const progress = new ProgressLine(() => 7, stream);
  for (let elapsed = 0; elapsed <= 12_000; elapsed += 250) progress.show(state(elapsed, elapsed));
  progress.end();
  const lines = String(stream.read()).trimEnd().split("\n");
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(/^3 done, 1 failed, 2 running · 1,000 tokens\/s · loop delay .* ms · backlog 7$/);
});

test("shows the backlog after the last request, without a terminal every five seconds", () => {
  const [terminal, file] = [streamOf({ isTTY: true, columns: 40 }), streamOf({ isTTY: false })];
  let backlog = 2000;
  for (const stream of [terminal, file]) {
    const progress = new ProgressLine(() => backlog--, stream);
    for (let elapsed = 250; elapsed <= 12_000; elapsed += 250) progress.showQueued(elapsed);
    progress.end();
  }
  expect(String(terminal.read()).split("\r\x1b[K").slice(1, 3)).toEqual([
    "handling 2,000 queued",
    "handling 1,999 queued",
  ]);
  expect(String(file.read())).toMatch(/^handling [\d,]+ queued\nhandling [\d,]+ queued\n$/);
});

test("columns are as wide as their widest cell", () => {
  expect(
    columns([
      ["name", "count"],
      ["a", "1"],
      ["longer", "1,000"],
    ]),
  ).toBe(["  name    count", "  a           1", "  longer  1,000", ""].join("\n"));
});

test("the table shows the first failure on one line without control characters", () => {
  const statistics = new BatchStatistics();
  statistics.fail(1, "prompt-001\u001b[2J", `404 Unknown\nrequest URL ${"x".repeat(1000)}`);
  statistics.fail(2, null, "other");
  const loop = { utilization: 0, delayP99Millis: 0, delayMaxMillis: 0 };
  const text = reportText(statistics.summary(false), loop, [], undefined);
  expect(text).toMatch(/first failure +line 1 \(prompt-001 \[2J\): 404 Unknown request URL x{100,180}…\n/);
  expect(text).not.toContain("other");
});

test("the table of an empty batch has no NaN", () => {
  const summary = {
    ...state(0, 0),
    runs: 0,
    interrupted: false,
    firstFailure: undefined,
    promptTokens: 0,
    completionTokens: 0,
    firstTokenMillis: NOTHING,
    latencyMillis: NOTHING,
    retries: 0,
    events: 0,
    eventMillis: 0,
  };
  const loop = { utilization: 0, delayP99Millis: 0, delayMaxMillis: 0 };
  expect(reportText(summary, loop, [], { encoding: "o200k_base", models: {} })).not.toMatch(
    /NaN|Infinity|undefined/,
  );
});
