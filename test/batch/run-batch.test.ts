import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type BatchOptions, runBatch } from "../../src/batch/index.ts";
import type { BatchRecord } from "../../src/batch/record.ts";
import {
  AsyncCallbackManager,
  type CallbackHandler,
  type EventRecord,
  onHandlerError,
} from "../../src/index.ts";
import { startMockServer } from "../../src/testing/index.ts";
import { completionOf, line, textOf, writeLines } from "../fixtures/batch.ts";
import { Recorder } from "../fixtures/handlers.ts";
import { readJsonLines, scratch } from "../fixtures/scratch.ts";

const path = scratch();
const server = await startMockServer();
let files = 0;

async function batch(lines: readonly string[], options: Partial<BatchOptions> = {}) {
  files += 1;
  const input = writeLines(path(`in-${files}.jsonl`), lines);
  const output = path(`out-${files}.jsonl`);
  const summary = await runBatch({ input, output, baseUrl: server.url, retryDelayMillis: 1, ...options });
  return { summary, records: readJsonLines<BatchRecord>(output) };
}

function byId(records: readonly BatchRecord[], customId: string): BatchRecord | undefined {
  return records.find((record) => record.custom_id === customId);
}

test("every request becomes a record with a whole completion and a run with its events", async () => {
  const recorder = new Recorder();
  const lines = Array.from({ length: 40 }, (_, i) =>
    line(`q${i}`, `question ${i}`, { temperature: 1, user: "u" }),
  );
  const { summary, records } = await batch(lines, { handlers: [recorder], concurrency: 7 });
  expect(summary).toMatchObject({
    done: 40,
    failed: 0,
    runs: 40,
    inFlight: 0,
    interrupted: false,
    retries: 0,
  });
  expect(records.map(({ custom_id }) => custom_id).sort()).toEqual(lines.map((_, i) => `q${i}`).sort());
  const usage = records.map((record) => completionOf(record).usage);
  expect(summary.completionTokens).toBe(usage.reduce((sum, each) => sum + (each?.completion_tokens ?? 0), 0));
  const starts = recorder.records.filter((record) => record.event === "on_chat_model_start");
  expect(starts).toHaveLength(40);
  for (const start of starts) {
    const own = recorder.records.filter(({ runId }) => runId === start.runId);
    const tokens = own.filter((record) => record.event === "on_llm_new_token").map(({ token }) => token);
    const end = own.at(-1) as EventRecord<"on_llm_end">;
    const { customId, line: number } = start.metadata as { customId: string; line: number };
    expect(start).toMatchObject({ parentRunId: undefined, traceId: start.runId, metadata: { model: "m" } });
    expect(number).toBe(Number(customId.slice(1)) + 1);
    expect(start.extra).toEqual({ invocationParams: { model: "m", temperature: 1, user: "u" } });
    expect(start.messages).toEqual([[{ role: "user", content: `question ${number - 1}` }]]);
    expect(end.event).toBe("on_llm_end");
    expect(tokens.join("")).toBe(textOf(byId(records, customId)));
    expect(end.response.generations[0]?.[0]?.text).toBe(tokens.join(""));
    expect(own).toHaveLength(tokens.length + 2);
  }
  expect(summary.events).toBe(recorder.records.length);
});

test("runs get the tags, metadata and parent of a manager", async () => {
  const recorder = new Recorder();
  const root = new AsyncCallbackManager({
    handlers: [recorder],
    inheritableHandlers: [recorder],
    inheritableTags: ["t"],
  });
  const chain = await root.onChainStart({ name: "all" }, {});
  await batch([line("a", "x")], { manager: chain.getChild() });
  const start = recorder.records.find((record) => record.event === "on_chat_model_start");
  expect(start).toMatchObject({ parentRunId: chain.runId, traceId: chain.runId, tags: ["t"] });
});

test("malformed and repeated lines become records with their line number, the others run", async () => {
  const other = JSON.stringify({ ...JSON.parse(line("emb", "x")), url: "/v1/embeddings" });
  const { summary, records } = await batch([
    line("a", "x"),
    "{not json",
    line("a", "y"),
    "",
    other,
    line("b", "z"),
  ]);
  expect(summary).toMatchObject({ done: 5, failed: 3, runs: 2 });
  expect(summary.firstFailure).toMatchObject({ line: 2, customId: null });
  const errors = records
    .filter(({ error }) => error !== null)
    .map(({ custom_id, error }) => [custom_id, error?.line]);
  expect(errors).toEqual([
    [null, 2],
    ["a", 3],
    ["emb", 5],
  ]);
  expect(records.every(({ error, response }) => (error === null) !== (response === null))).toBe(true);
  expect(records.filter(({ error }) => error?.code === "SIDECALL_BATCH_LINE")).toHaveLength(3);
  expect(byId(records, "b")?.response?.status_code).toBe(200);
});

test("a file without requests gives an empty output and a summary of zeros", async () => {
  const { summary, records } = await batch([]);
  expect(records).toEqual([]);
  expect(summary).toMatchObject({ done: 0, runs: 0, events: 0, latencyMillis: { p50: 0, p95: 0, p99: 0 } });
});

test("sends one model for all to the server", async () => {
  const { records } = await batch([line("a", "x", { stream: false })], { model: "chosen" });
  expect(records[0]?.response?.body).toMatchObject({
    model: "chosen",
    usage: { prompt_tokens: expect.any(Number) },
  });
});

test("tool calls and several choices are complete", async () => {
  const tool = {
    type: "function",
    function: { name: "look", parameters: { properties: { at: { type: "string" } } } },
  };
  const { records, summary } = await batch([
    line("tool", "x", { tools: [tool], tool_choice: "required" }),
    line("three", "x", { n: 3 }),
  ]);
  const called = completionOf(byId(records, "tool")).choices[0];
  expect(called).toMatchObject({ finish_reason: "tool_calls", message: { content: null } });
  expect(JSON.parse(called?.message.tool_calls?.[0]?.function.arguments ?? "")).toEqual({
    at: expect.any(String),
  });
  expect(completionOf(byId(records, "three")).choices.map(({ index }) => index)).toEqual([0, 1, 2]);
  expect(summary.failed).toBe(0);
});

test("retries go through onRetry and end in success", async () => {
  const failing = await startMockServer({ failRate: 0.4, seed: 3 });
  const recorder = new Recorder();
  const lines = Array.from({ length: 30 }, (_, i) => line(`q${i}`, `question ${i}`));
  const options = { baseUrl: failing.url, handlers: [recorder], maxRetries: 20 };
  const { summary } = await batch(lines, options);
  const retries = recorder.records.filter((record) => record.event === "on_retry");
  expect(summary.failed).toBe(0);
  expect(summary.retries).toBe(failing.stats().failuresInjected);
  expect(retries).toHaveLength(summary.retries);
  expect(retries.length).toBeGreaterThan(5);
  expect(retries[0]?.retryState).toMatchObject({ attempt: 1, status: expect.toBeOneOf([429, 500]) });
  await failing.close();
});

test("a refusal is recorded as the server sent it, and is the run's error", async () => {
  const failing = await startMockServer({ failRate: 1 });
  const recorder = new Recorder();
  const { summary, records } = await batch([line("a", "x")], {
    baseUrl: failing.url,
    handlers: [recorder],
    maxRetries: 1,
  });
  expect(summary).toMatchObject({ failed: 1, runs: 1, retries: 1 });
  const text = expect.stringMatching(/^(429|500) .*injected/);
  expect(summary.firstFailure).toEqual({ line: 1, customId: "a", text });
  expect(records[0]).toMatchObject({ custom_id: "a", error: null });
  expect(records[0]?.response?.status_code).toBeOneOf([429, 500]);
  expect(records[0]?.response?.body).toMatchObject({
    error: { message: expect.stringContaining("injected") },
  });
  expect(recorder.records.map(({ event }) => event)).toEqual([
    "on_chat_model_start",
    "on_retry",
    "on_llm_error",
  ]);
  await failing.close();
});

test("failing handlers, even with raiseError, do not stop a batch, and the others get every event", async () => {
  const before = onHandlerError(() => undefined);
  const raising: CallbackHandler = {
    raiseError: true,
    onEvent: () => {
      throw new Error("no");
    },
  };
  const recorder = new Recorder();
  const { summary } = await batch([line("a", "x"), line("b", "y")], { handlers: [raising, recorder] });
  onHandlerError(before);
  expect(summary).toMatchObject({ done: 2, failed: 0 });
  expect(recorder.records).toHaveLength(summary.events);
  expect(recorder.records.filter(({ event }) => event === "on_llm_end")).toHaveLength(2);
});

test("an interruption aborts open requests, writes their records, and reads no more lines", async () => {
  const slow = await startMockServer({ tokensPerSecond: 5 });
  const stop = new AbortController();
  const recorder = new Recorder();
  const stopper: CallbackHandler = { onLLMNewToken: () => stop.abort() };
  const lines = Array.from({ length: 20 }, (_, i) => line(`q${i}`, `question ${i}`));
  const options = { baseUrl: slow.url, handlers: [recorder, stopper], signal: stop.signal, concurrency: 4 };
  const { summary, records } = await batch(lines, options);
  expect(summary).toMatchObject({ interrupted: true, runs: 4, done: 4, failed: 4 });
  expect(records.map(({ error }) => error?.code)).toEqual(Array(4).fill("SIDECALL_BATCH_INTERRUPTED"));
  const ends = recorder.records.filter((record) => record.event === "on_llm_error");
  expect(ends).toHaveLength(4);
  const token = recorder.records.find((record) => record.event === "on_llm_new_token");
  const ended = ends.find(({ runId }) => runId === token?.runId);
  expect(ended?.response?.generations[0]?.[0]?.text).toBe(token?.token);
  await slow.close();
});

test("an unreachable server is reported before any file is overwritten", async () => {
  const gone = await startMockServer();
  await gone.close();
  const [input, output] = [writeLines(path("unsent.jsonl"), [line("a", "x")]), path("kept.jsonl")];
  writeFileSync(output, "kept");
  await expect(runBatch({ input, output, baseUrl: gone.url })).rejects.toMatchObject({
    code: "SIDECALL_SERVER_UNREACHABLE",
    message: expect.stringContaining("ECONNREFUSED"),
  });
  expect(readFileSync(output, "utf8")).toBe("kept");
});

test.each([
  [{ concurrency: 0 }, "concurrency"],
  [{ concurrency: 1.5 }, "concurrency"],
  [{ maxRetries: -1 }, "maxRetries"],
  [{ timeoutMillis: 0 }, "timeoutMillis"],
  [{ baseUrl: "ftp://x" }, "baseUrl"],
  [{ model: "" }, "model"],
  [{ apiKey: "" }, "apiKey"],
  [{ output: undefined } as unknown as Partial<BatchOptions>, "output"],
  [{ input: "missing.jsonl" }, "input"],
  [{ input: "." }, "input"],
  [{ handlers: [], manager: new AsyncCallbackManager() }, "handlers"],
  [{ conurrency: 3 } as Partial<BatchOptions>, "conurrency"],
])("an error names the wrong option: %o", async (options, name) => {
  await expect(batch([line("a", "x")], options)).rejects.toMatchObject({
    code: "SIDECALL_OPTION_INVALID",
    message: expect.stringContaining(name),
  });
});

test.each(["sk-secret\n", "sk-\nsecret", " sk-secret", "sk-secret-é"])(
  "a key that does not fit into a header is refused without being shown: %j",
  async (apiKey) => {
    const refused = batch([line("a", "x")], { apiKey });
    await expect(refused).rejects.toMatchObject({
      code: "SIDECALL_OPTION_INVALID",
      message: expect.stringMatching(/^(?!.*secret).*apiKey/s),
    });
  },
);

test("the output may be neither the input nor in a missing folder", async () => {
  const input = writeLines(path("same.jsonl"), [line("a", "x")]);
  const same = runBatch({ input, output: input, baseUrl: server.url });
  await expect(same).rejects.toMatchObject({ code: "SIDECALL_OPTION_INVALID" });
  const nowhere = runBatch({ input, output: path("missing/out.jsonl"), baseUrl: server.url });
  await expect(nowhere).rejects.toMatchObject({ code: "SIDECALL_FILE_NOT_WRITABLE" });
  expect(readJsonLines(input)).toHaveLength(1);
  expect(existsSync(path("missing"))).toBe(false);
});
