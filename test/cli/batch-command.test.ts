import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test, vi } from "vitest";
import type { BatchRecord } from "../../src/batch/record.ts";
import { startMockServer } from "../../src/testing/index.ts";
import { line, textOf, writeLines } from "../fixtures/batch.ts";
import { RunningCommand, sidecall } from "../fixtures/cli.ts";
import { readJsonLines, scratch } from "../fixtures/scratch.ts";

const path = scratch();
const server = await startMockServer();
const slow = await startMockServer({ tokensPerSecond: 2 });
afterAll(() => Promise.all([server.close(), slow.close()]));

const OWN_HANDLERS = fileURLToPath(new URL("../fixtures/own-handlers.js", import.meta.url));
const HANGING = fileURLToPath(new URL("../fixtures/hanging-handler.js", import.meta.url));

/** Arguments for a batch of `count` questions with files of its own. */
function batchArguments(name: string, count: number, url = server.url) {
  const input = writeLines(
    path(`${name}-in.jsonl`),
    Array.from({ length: count }, (_, i) => line(`q${i}`, `question ${i}`)),
  );
  const [output, trace] = [path(`${name}-out.jsonl`), path(`${name}-trace.jsonl`)];
  const args = ["batch", input, "--base-url", url, "--output", output, "--trace", trace];
  return { args, input, output, trace };
}

test("a batch writes answers and a trace, hands events to own handlers, shows a table, and exits 0", async () => {
  const { args, output, trace } = batchArguments("good", 12);
  vi.stubEnv("SIDECALL_TEST_TARGET", path("texts"));
  const own = [
    "--handler",
    `${OWN_HANDLERS}#texts`,
    "--concurrency",
    "4",
    "--threads",
    "2",
    "--model",
    "chosen",
  ];
  const { code, stdout, stderr } = await sidecall(...args, ...own);
  vi.unstubAllEnvs();
  expect([code, stderr]).toEqual([0, ""]);
  const records = readJsonLines<BatchRecord>(output);
  expect(records).toHaveLength(12);
  expect(readJsonLines(trace)).toHaveLength(12);
  expect(readJsonLines<string>(path("texts")).sort()).toEqual(
    records.map((record) => textOf(record) ?? "").sort(),
  );
  for (const label of ["runs", "time to first token", "latency", "tokens/s", "main-thread µs per event"]) {
    expect(stdout).toContain(label);
  }
  expect(stdout).toMatch(/token-statistics +24 +0 +0 +0\n/);
  expect(stdout).toMatch(/#texts +12 +0 +0 +0\n/);
  expect(stdout).toMatch(/chosen +12 /);
});

test("failed lines become records, and exit code 1", async () => {
  const { args, input, output } = batchArguments("partly", 2);
  writeFileSync(input, `\ufeff${readFileSync(input, "utf8").replaceAll("\n", "\r\n")}{"custom_id":5}`);
  const { code, stdout } = await sidecall(...args);
  expect(code).toBe(1);
  expect(stdout).toMatch(/failures +1 /);
  expect(stdout).toMatch(/first failure +line 3: expected custom_id to be a text/);
  const bad = readJsonLines<BatchRecord>(output).find(({ error }) => error !== null);
  expect(bad).toMatchObject({ response: null, error: { code: "SIDECALL_BATCH_LINE", line: 3 } });
});

test("an empty OPENAI_API_KEY counts as unset", async () => {
  const { args, output } = batchArguments("nokey", 1);
  vi.stubEnv("OPENAI_API_KEY", "");
  expect((await sidecall(...args)).code).toBe(0);
  vi.unstubAllEnvs();
  expect(readJsonLines(output)).toHaveLength(1);
});

test("an empty input is no failure", async () => {
  const { args, output } = batchArguments("empty", 0);
  expect((await sidecall(...args)).code).toBe(0);
  expect(readFileSync(output, "utf8")).toBe("");
});

test("an unreachable server is one coded line and exit code 3, and no file is overwritten", async () => {
  const gone = await startMockServer();
  await gone.close();
  const { args, output, trace } = batchArguments("gone", 1, gone.url);
  writeFileSync(trace, "kept\n");
  const { code, stdout, stderr } = await sidecall(...args);
  expect([code, stdout]).toEqual([3, ""]);
  expect(stderr).toMatch(/^sidecall: .*ECONNREFUSED.* \[SIDECALL_SERVER_UNREACHABLE\]\n$/);
  expect(existsSync(output)).toBe(false);
  expect(readFileSync(trace, "utf8")).toBe("kept\n");
});

test("a failing handler is reported once and counted in the table, and fails no line", async () => {
  const { args } = batchArguments("thrower", 3);
  const { code, stdout, stderr } = await sidecall(...args, "--handler", OWN_HANDLERS);
  expect(code).toBe(0);
  expect(stderr.match(/thrown by the test's handler/g)).toHaveLength(1);
  expect(stdout).toMatch(/failures +0 /);
  expect(stdout).toMatch(/own-handlers\.js +0 +[1-9][\d,]* +0 +0\n/);
});

test.skipIf(!existsSync("/dev/full"))(
  "a full disk is exit code 4, and events dispatched before it are traced",
  async () => {
    const { args, trace } = batchArguments("full", 3);
    const { code, stdout, stderr } = await sidecall(...args, "--output", "/dev/full");
    expect([code, stdout]).toEqual([4, ""]);
    expect(stderr).toMatch(/^sidecall: .*ENOSPC.*\n$/);
    expect(readJsonLines(trace).length).toBeGreaterThan(0);
  },
);

test("a hanging handler does not hold up the batch: events left are reported, exit code 1", async () => {
  const { args, output } = batchArguments("hanging", 3);
  const { code, stderr } = await sidecall(...args, "--handler", HANGING, "--drain-seconds", "0.5");
  expect(code).toBe(1);
  expect(stderr).toMatch(/longer than 0.5 s \(--drain-seconds\); \d+ events are not handled/);
  expect(readJsonLines(output)).toHaveLength(3);
});

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)(
  "%s stops a batch: open requests are written and traced, exit code %i",
  async (signal, expected) => {
    const { args, output, trace } = batchArguments(signal, 50, slow.url);
    const streams = slow.stats().openStreams;
    const command = new RunningCommand([...args, "--concurrency", "5"]);
    await expect.poll(() => slow.stats().openStreams, { timeout: 20_000 }).toBe(streams + 5);
    command.kill(signal);
    const { code, stdout, stderr } = await command.result;
    expect(code).toBe(expected);
    expect(stderr).toContain("stopping");
    expect(stdout).toMatch(/lines +5, then stopped\n[\s\S]*failures +5 /);
    const records = readJsonLines<BatchRecord>(output);
    expect(records.map(({ error }) => error?.code)).toEqual(Array(5).fill("SIDECALL_BATCH_INTERRUPTED"));
    expect(readJsonLines<{ error: { code: string } }>(trace).map(({ error }) => error.code)).toEqual(
      Array(5).fill("SIDECALL_BATCH_INTERRUPTED"),
    );
  },
);

test("a second Ctrl-C exits at once, even when a handler hangs", async () => {
  const { args, output } = batchArguments("twice", 3);
  const command = new RunningCommand([...args, "--handler", HANGING, "--drain-seconds", "1000"]);
  await expect.poll(() => existsSync(output) && readJsonLines(output).length, { timeout: 20_000 }).toBe(3);
  const again = setInterval(() => command.kill("SIGINT"), 100);
  const { code, stdout } = await command.result;
  clearInterval(again);
  expect([code, stdout]).toEqual([130, ""]);
});

test.each([
  [["--bse-url", "x"], "'--bse-url'"],
  [["a.jsonl", "b.jsonl"], "one input file"],
  [["a.jsonl"], "--output"],
  [["a.jsonl", "--output", "o"], "--base-url"],
  [["a.jsonl", "--output", "o", "--base-url", "http://x", "--concurrency", "many"], "--concurrency"],
  [["a.jsonl", "--output", "o", "--base-url", "http://x", "--drain-seconds", "0"], "--drain-seconds"],
  [["a.jsonl", "--output", "o", "--base-url", "http://x", "--drain-seconds", "3000000"], "--drain-seconds"],
  [["a.jsonl", "--output", "o", "--base-url", "http://x", "--timeout-seconds", "0"], "--timeout-seconds"],
  [["a.jsonl", "--output", "o", "--base-url", "http://x", "--concurrency", "-1"], "ambiguous"],
  [["a.jsonl", "--output", "o", "--base-url", "http://x", "--trace", "o"], "--trace"],
  [
    ["a.jsonl", "--output", "o", "--base-url", "http://x", "--handler", "./h.js", "--handler", "./h.js"],
    "--handler to be another one, got ./h.js twice",
  ],
])("a wrong command line is one coded line and exit code 2: %j", async (args, name) => {
  const { code, stdout, stderr } = await sidecall("batch", ...args);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/^sidecall: .* \[SIDECALL_USAGE\]\n$/);
  expect(stderr).toContain(name);
});

test.each([
  [["--concurrency", "0"], "SIDECALL_OPTION_INVALID", "Expected --concurrency to be"],
  [["--threads", "0"], "SIDECALL_OPTION_INVALID", "Expected --threads to be"],
  [["--base-url", "ftp://x"], "SIDECALL_OPTION_INVALID", "Expected --base-url to be"],
  [["--max-retries", "1.5"], "SIDECALL_OPTION_INVALID", "Expected --max-retries to be"],
  [["--api-key", "a b"], "SIDECALL_OPTION_INVALID", "Expected --api-key to be"],
  [["--handler", "./nowhere.js"], "SIDECALL_MODULE_FAILED"],
  [["--handler", `${OWN_HANDLERS}#nothing`], "SIDECALL_NOT_A_HANDLER"],
  [["--trace", "missing/trace.jsonl"], "SIDECALL_FILE_NOT_WRITABLE"],
  [["--output", "missing/out.jsonl"], "SIDECALL_FILE_NOT_WRITABLE"],
])("a wrong option is one coded line and exit code 2: %j", async (more, expected, text = "") => {
  const { args } = batchArguments("wrong", 1);
  const { code, stderr } = await sidecall(...args, ...more);
  expect(stderr).toMatch(new RegExp(`^sidecall: .* \\[${expected}\\]\\n$`));
  expect(stderr).toContain(text);
  expect(code).toBe(2);
});
