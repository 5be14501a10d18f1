import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  type AnyEventRecord,
  AsyncCallbackManager,
  type FailureReport,
  type HandlerErrorHook,
  onHandlerError,
  throttledErrorLogger,
} from "../../src/index.ts";

const PROGRAM = fileURLToPath(new URL("../fixtures/failing-program.js", import.meta.url));

function failure(handler: string, error: unknown = "e", event = "on_text" as const) {
  return { handler, event, runId: "r", error };
}

function repeat(hook: HandlerErrorHook, times: number, handler = "h"): void {
  for (let i = 0; i < times; i += 1) hook(failure(handler, `e${i}`));
}

function setUp(intervalMillis = 100) {
  const reports: FailureReport[] = [];
  const hook = throttledErrorLogger({ log: (report) => void reports.push(report), intervalMillis });
  const reported = () => reports.map(({ handler, error, count }) => [handler, error, count]);
  return { hook, reported, reports };
}

describe("a throttled logger", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  test("reports the first failure at once, and further ones together when the interval is over", () => {
    const { hook, reported } = setUp();
    repeat(hook, 5);
    expect(reported()).toEqual([["h", "e0", 1]]);
    vi.advanceTimersByTime(99);
    expect(reported()).toHaveLength(1);
    vi.advanceTimersByTime(1);
    expect(reported()).toEqual([
      ["h", "e0", 1],
      ["h", "e4", 4],
    ]);
  });

  test("reports once per interval while failures go on", () => {
    const { hook, reported } = setUp();
    for (let i = 0; i < 30; i += 1) {
      hook(failure("h"));
      vi.advanceTimersByTime(10);
    }
    expect(reported().map(([, , count]) => count)).toEqual([1, 9, 10, 10]);
  });

  test("reports at once again after an interval without failures", () => {
    const { hook, reported } = setUp();
    repeat(hook, 1);
    vi.advanceTimersByTime(100);
    repeat(hook, 1);
    expect(reported()).toEqual([
      ["h", "e0", 1],
      ["h", "e0", 1],
    ]);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(100);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("counts each handler and each event separately", () => {
    const { hook, reports } = setUp();
    for (let i = 0; i < 3; i += 1) {
      hook(failure("a"));
      hook(failure("b"));
      hook({ ...failure("a"), event: "on_chain_start" });
    }
    vi.advanceTimersByTime(100);
    const counts = reports.map(({ handler, event, count }) => `${handler} ${event} ${count}`);
    const expected = ["a on_text", "b on_text", "a on_chain_start"];
    expect(counts).toEqual([1, 2].flatMap((count) => expected.map((each) => `${each} ${count}`)));
  });

  test("reports at the next failure after the interval if the timer is late", () => {
    const { hook, reported } = setUp();
    repeat(hook, 3);
    const late = performance.now() + 100;
    vi.spyOn(performance, "now").mockReturnValue(late);
    hook(failure("h", "late"));
    expect(reported().at(-1)).toEqual(["h", "late", 3]);
  });

  test("counts any number of handlers in bounded memory, and loses no failure", () => {
    const { hook, reports } = setUp();
    for (let i = 0; i < 20_000; i += 1) hook(failure(`h${i}`));
    expect(reports).toHaveLength(1001);
    expect(vi.getTimerCount()).toBe(1001);
    vi.advanceTimersByTime(100);
    expect(reports.at(-1)).toMatchObject({ handler: "other handlers", event: "on_text", count: 18_999 });
    expect(reports.reduce((sum, { count }) => sum + count, 0)).toBe(20_000);
    vi.advanceTimersByTime(100);
    expect(vi.getTimerCount()).toBe(0);
  });

  test.each([
    ["throws", () => JSON.parse("disk full")],
    ["returns a promise that rejects", () => Promise.reject(new Error("disk full"))],
  ])("whose log %s reports that and the failure by warnings", async (_, log) => {
    const warnings: string[] = [];
    vi.spyOn(process, "emitWarning").mockImplementation((warning) => void warnings.push(`${warning}`));
    const hook = throttledErrorLogger({
      intervalMillis: 100,
      log,
    });
    repeat(hook, 3);
    await vi.advanceTimersByTimeAsync(0);
    await vi.advanceTimersByTimeAsync(100);
    const prefix = "SidecallHandlerWarning: handler";
    expect(warnings).toEqual([
      `${prefix} h failed at on_text of run r: e0`,
      expect.stringMatching(/throttledErrorLogger's log failed at on_text of run r: .*disk full/),
      `${prefix} h failed 2 times at on_text, last in run r: e2`,
      expect.stringMatching(/throttledErrorLogger's log failed at on_text of run r: .*disk full/),
    ]);
  });
});

test.each([{ log: "stderr" }, { intervalMillis: 0 }, { interval: 5 }])("refuses %o", (options) => {
  expect(() => throttledErrorLogger(options as object)).toThrow(
    expect.objectContaining({ code: "SIDECALL_OPTION_INVALID" }),
  );
});

describe("without a hook of the application's", () => {
  const warnings: string[] = [];
  beforeEach(() => {
    vi.spyOn(process, "emitWarning").mockImplementation((warning) => void warnings.push(`${warning}`));
  });
  afterEach(() => {
    vi.restoreAllMocks();
    warnings.length = 0;
  });

  test("a handler that throws at every token is warned of once at first", async () => {
    const failing = {
      name: "failing",
      onLLMNewToken: () => {
        throw new Error("no");
      },
    };
    const [run] = await new AsyncCallbackManager({ handlers: [failing] }).onLLMStart(null, ["?"]);
    for (let i = 0; i < 100; i += 1) await run?.onLLMNewToken("t");
    expect(warnings).toEqual([
      `SidecallHandlerWarning: handler failing failed at on_llm_new_token of run ${run?.runId}: Error: no`,
    ]);
  });

  test("a hook that throws, or gives a promise that rejects, loses no failure", async () => {
    const broken = {
      name: "broken",
      onEvent: ({ event }: AnyEventRecord) => {
        if (event !== "on_chain_start") throw new Error("no");
      },
    };
    const chain = await new AsyncCallbackManager({ handlers: [broken] }).onChainStart(null, {});
    const previous = onHandlerError(() => JSON.parse("bad hook"));
    await chain.onText("t");
    onHandlerError(() => Promise.reject(new Error("bad hook")));
    await chain.onRetry({ attempt: 1 });
    await new Promise((resolve) => setImmediate(resolve));
    onHandlerError(previous);
    expect(warnings).toEqual([
      expect.stringContaining("handler broken failed at on_text"),
      expect.stringContaining("handler onHandlerError failed at on_text"),
      expect.stringContaining("handler broken failed at on_retry"),
      expect.stringContaining("handler onHandlerError failed at on_retry"),
    ]);
  });
});

test.each(["ends", "exits"])(
  "a process that %s reports the failures that were only counted, and does not wait for the interval",
  async (end) => {
    const { stderr } = await promisify(execFile)(process.execPath, [PROGRAM, end]);
    const reported = stderr.split("\n").filter((text) => text.includes("SidecallHandlerWarning"));
    expect(reported).toEqual([
      expect.stringMatching(/handler failing failed at on_llm_new_token of run \S+: Error: no token 0$/),
      expect.stringMatching(
        /handler failing failed 4 times at on_llm_new_token, last in run \S+: Error: no token 4$/,
      ),
    ]);
  },
);
