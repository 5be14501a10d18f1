import { execFile } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { SidecallError } from "../../src/common/errors.ts";
import type { LLMResult } from "../../src/core/payloads.ts";
import { AsyncFinalIteratorCallbackHandler } from "../../src/handlers/iterators/async-final-iterator.ts";
import { AsyncIteratorCallbackHandler } from "../../src/handlers/iterators/async-iterator.ts";
import { AsyncCallbackManager } from "../../src/managers/async-manager.ts";
import type { AsyncCallbackManagerForLLMRun } from "../../src/managers/run-managers.ts";
import { offThread } from "../../src/offthread/off-thread.ts";
import { TokenQueue } from "../../src/token-queue/queue.ts";
import { TokenReader } from "../../src/token-queue/reader.ts";
import { collectFailures } from "../placements.ts";
import { Allowance, ReaderWorker } from "../support/reader-worker.ts";
import { isPending, settleTasks } from "../support/tasks.ts";

const MODEL = { name: "model" };

function setUp(options?: ConstructorParameters<typeof AsyncIteratorCallbackHandler>[0]) {
  const handler = new AsyncIteratorCallbackHandler(options);
  return {
    handler,
    manager: new AsyncCallbackManager({ handlers: [handler], inheritableHandlers: [handler] }),
  };
}

function resultOf(text: string): LLMResult {
  return { generations: [[{ text }]] };
}

async function start(manager: AsyncCallbackManager, runId?: string): Promise<AsyncCallbackManagerForLLMRun> {
  const [run] = await manager.onLLMStart(MODEL, ["hi"], runId === undefined ? {} : { runId });
  if (run === undefined) throw new Error("no run");
  return run;
}

async function play(run: AsyncCallbackManagerForLLMRun, tokens: readonly string[]): Promise<void> {
  for (const token of tokens) await run.onLLMNewToken(token);
  await run.onLLMEnd(resultOf(tokens.join("")));
}

async function readAll(tokens: AsyncIterable<string>): Promise<string[]> {
  const read: string[] = [];
  for await (const token of tokens) read.push(token);
  return read;
}

/** Emits tokens until one has to wait. */
async function fill(run: AsyncCallbackManagerForLLMRun): Promise<{ sent: number; waiting: Promise<void> }> {
  for (let sent = 1; ; sent += 1) {
    const token = run.onLLMNewToken("x".repeat(50));
    if (await isPending(token)) return { sent, waiting: token };
  }
}

/** Runs wait for their readers for ever. */
const PATIENT = { queueBytes: 1024, readerGraceMillis: Number.POSITIVE_INFINITY };

const TEN = Array.from({ length: 10 }, (_, i) => `token ${i}`);

test("a run that is over before its iteration begins loses nothing, 300 times of 300", async () => {
  const { handler, manager } = setUp();
  for (let trial = 0; trial < 300; trial += 1) {
    await play(await start(manager), TEN);
    expect(await readAll(handler.aiter())).toEqual(TEN);
  }
});

test("an iteration that begins before the run gets its tokens as they come", async () => {
  const { handler, manager } = setUp();
  const tokens = handler.aiter();
  const first = tokens.next();
  expect(await isPending(first)).toBe(true);
  const run = await start(manager);
  await run.onLLMNewToken("a");
  expect(await first).toEqual({ done: false, value: "a" });
  const second = tokens.next();
  expect(await isPending(second)).toBe(true);
  await run.onLLMEnd(resultOf("a"));
  expect(await second).toEqual({ done: true, value: undefined });
});

test("an iteration that begins in the middle of a run gets its tokens from the beginning", async () => {
  const { handler, manager } = setUp();
  const run = await start(manager);
  await run.onLLMNewToken("a");
  const reading = readAll(handler.aiter());
  await play(run, ["b", "c"]);
  expect(await reading).toEqual(["a", "b", "c"]);
});

test("a consumer slower than the producer gets everything", async () => {
  const { handler, manager } = setUp({ queueBytes: 1024 });
  const tokens = Array.from({ length: 500 }, (_, i) => `t${i} `);
  const iteration = handler.aiter();
  const run = await start(manager);
  const playing = play(run, tokens);
  const read: string[] = [];
  for await (const token of iteration) {
    read.push(token);
    if (read.length % 10 === 0) await settleTasks(1);
  }
  await playing;
  expect(read).toEqual(tokens);
});

test("parallel runs do not mix: each iteration has one run's tokens, in order of their starts", async () => {
  const { handler, manager } = setUp();
  const runs = await manager.onLLMStart(MODEL, ["a", "b", "c"]);
  const reading = Promise.all(runs.map(() => readAll(handler.aiter())));
  for (let i = 0; i < 20; i += 1) {
    for (const [r, run] of runs.entries()) await run.onLLMNewToken(`${r}.${i} `);
  }
  for (const run of [...runs].reverse()) await run.onLLMEnd(resultOf(""));
  expect(await reading).toEqual(runs.map((_, r) => Array.from({ length: 20 }, (__, i) => `${r}.${i} `)));
});

test("aiter(runId) iterates that run, begun or not", async () => {
  const { handler, manager } = setUp();
  const early = readAll(handler.aiter("the-second"));
  const first = await start(manager);
  await play(await start(manager, "the-second"), ["2"]);
  await play(first, ["1"]);
  expect(await early).toEqual(["2"]);
  expect(await readAll(handler.aiter(first.runId))).toEqual(["1"]);
});

test("a second iteration of one run id is refused", async () => {
  const { handler, manager } = setUp();
  const run = await start(manager);
  handler.aiter(run.runId);
  expect(() => handler.aiter(run.runId)).toThrow(expect.objectContaining({ code: "SIDECALL_QUEUE_TAKEN" }));
});

test("one handler serves many runs after each other, without tokens of one in the next", async () => {
  const { handler, manager } = setUp();
  for (let i = 0; i < 5; i += 1) {
    const reading = readAll(handler);
    await play(await start(manager), [`a${i}`, `b${i}`]);
    expect(await reading).toEqual([`a${i}`, `b${i}`]);
  }
  const left = handler.aiter();
  const run = await start(manager);
  await run.onLLMNewToken("unread");
  await left.return();
  await play(run, ["dropped"]);
  await play(await start(manager), ["fresh"]);
  expect(await readAll(handler.aiter())).toEqual(["fresh"]);
});

test("an agent's model runs come as one iteration each", async () => {
  const { handler, manager } = setUp();
  const chain = await manager.onChainStart(MODEL, {});
  for (const token of ["plan", "act", "answer"]) await play(await start(chain.getChild()), [token]);
  await chain.onChainEnd({});
  expect(await readAll(handler.aiter())).toEqual(["plan"]);
  expect(await readAll(handler.aiter())).toEqual(["act"]);
  expect(await readAll(handler.aiter())).toEqual(["answer"]);
});

test("chat models are served, empty tokens dropped", async () => {
  const { handler, manager } = setUp();
  const [run] = await manager.onChatModelStart(MODEL, [[{ role: "user", content: "hi" }]]);
  for (const token of ["", "a", "", "b"]) await run?.onLLMNewToken(token);
  await run?.onLLMEnd(resultOf("ab"));
  expect(await readAll(handler.aiter())).toEqual(["a", "b"]);
});

test("the run's own error ends its iteration, after its tokens", async () => {
  const { handler, manager } = setUp();
  const tokens = handler.aiter();
  const run = await start(manager);
  await run.onLLMNewToken("a");
  const error = new Error("overloaded");
  await run.onLLMError(error);
  expect(await tokens.next()).toEqual({ done: false, value: "a" });
  expect(await tokens.next().catch((reason: unknown) => reason)).toBe(error);
  expect(await tokens.result.catch((reason: unknown) => reason)).toBe(error);
});

test("a value that a model threw reaches the loop even if it is no Error", async () => {
  const { handler, manager } = setUp();
  const tokens = handler.aiter();
  await (await start(manager)).onLLMError("a plain string");
  expect(await tokens.next().catch((reason: unknown) => reason)).toBe("a plain string");
});

test("the final result is offered beside the tokens", async () => {
  const { handler, manager } = setUp();
  const tokens = handler.aiter();
  const run = await start(manager);
  const response = resultOf("ab");
  await run.onLLMEnd(response);
  expect(await readAll(tokens)).toEqual([]);
  expect(await tokens.result).toBe(response);
});

test("a root chain that fails before any model run ends the waiting iterations with its error", async () => {
  const { handler, manager } = setUp();
  const first = handler.aiter();
  const second = handler.aiter();
  const reading = [first.next(), second.next()].map((read) => read.catch((reason: unknown) => reason));
  const chain = await manager.onChainStart(MODEL, {});
  const error = new SidecallError("SIDECALL_USAGE", "no key");
  await chain.onChainError(error);
  expect(await Promise.all(reading)).toEqual([error, error]);
  expect(await first.result.catch((reason: unknown) => reason)).toBe(error);
});

test("a root chain that ends without a model run ends a waiting iteration empty", async () => {
  const { handler, manager } = setUp();
  const tokens = handler.aiter();
  const reading = readAll(tokens);
  const chain = await manager.onChainStart(MODEL, {});
  const tool = await chain.getChild().onToolStart(MODEL, "x");
  await tool.onToolEnd("y");
  expect(await isPending(reading)).toBe(true);
  await chain.onChainEnd({});
  expect(await reading).toEqual([]);
  expect(await tokens.result).toBeUndefined();
});

test("a root that ends with a model run in it, or beside another trace, leaves other iterations waiting", async () => {
  const { handler, manager } = setUp();
  const reading = [handler.aiter(), handler.aiter(), handler.aiter()].map(readAll);
  const one = await manager.onChainStart(MODEL, {});
  const other = await manager.onChainStart(MODEL, {});
  await play(await start(one.getChild()), ["one"]);
  await one.onChainEnd({});
  expect(await reading[0]).toEqual(["one"]);
  const third = await manager.onChainStart(MODEL, {});
  await third.onChainEnd({});
  expect(await reading[1]).toEqual([]);
  await play(await start(other.getChild()), ["other"]);
  expect(await reading[2]).toEqual(["other"]);
});

test("a model run that never ends, since it was cancelled, ends with its root", async () => {
  const { handler, manager } = setUp();
  for (const error of [undefined, new Error("cancelled")]) {
    const tokens = handler.aiter();
    const chain = await manager.onChainStart(MODEL, {});
    const run = await start(chain.getChild());
    await run.onLLMNewToken("a");
    await (error === undefined ? chain.onChainEnd({}) : chain.onChainError(error));
    expect(await tokens.next()).toEqual({ done: false, value: "a" });
    if (error === undefined) expect(await readAll(tokens)).toEqual([]);
    else await expect(tokens.next()).rejects.toBe(error);
  }
});

test("leaving the loop aborts the signal of that run alone", async () => {
  const { handler, manager } = setUp();
  const upcoming = handler.signal;
  const [one, two] = await manager.onLLMStart(MODEL, ["1", "2"]);
  if (one === undefined || two === undefined) throw new Error("no runs");
  expect(handler.signal).toBe(upcoming);
  expect(handler.signalOf(one.runId)).toBe(upcoming);
  const aborted = once(upcoming, "abort");
  const left = handler.aiter();
  const stays = readAll(handler.aiter());
  await one.onLLMNewToken("a");
  for await (const _ of left) break;
  await aborted;
  expect(handler.signalOf(two.runId)?.aborted).toBe(false);
  await play(two, ["b"]);
  expect(await stays).toEqual(["b"]);
  for (let i = 0; i < 5000; i += 1) await one.onLLMNewToken("dropped, never waiting");
  const response = resultOf("aborted");
  await one.onLLMEnd(response);
  expect(await left.result).toBe(response);
  expect(handler.signalOf(one.runId)).toBeUndefined();
});

test("a full queue makes the run wait for its reader; the end never waits", async () => {
  const { handler, manager } = setUp(PATIENT);
  const tokens = handler.aiter();
  const run = await start(manager);
  const { sent, waiting } = await fill(run);
  await tokens.next();
  for (let read = 1; read < sent - 1; read += 1) await tokens.next();
  await waiting;
  const { sent: more } = await fill(run);
  await run.onLLMEnd(resultOf(""));
  expect((await readAll(tokens)).length).toBe(more + 1);
});

test("a run without a reader never waits, and can be read later", async () => {
  const { handler, manager } = setUp({ queueBytes: 1024 });
  const tokens = Array.from({ length: 5000 }, (_, i) => `t${i}`);
  await play(await start(manager), tokens);
  expect(await readAll(handler.aiter())).toEqual(tokens);
});

test("the newest unread ended runs are kept, and the others counted", async () => {
  const { handler, manager } = setUp({ maxUnreadRuns: 2 });
  for (const token of ["1", "2", "3", "4"]) await play(await start(manager), [token]);
  expect(handler.forgottenRuns).toBe(2);
  expect(await readAll(handler.aiter())).toEqual(["3"]);
  await play(await start(manager), ["5"]);
  expect(handler.forgottenRuns).toBe(2);
  expect(await readAll(handler.aiter())).toEqual(["4"]);
  expect(await readAll(handler.aiter())).toEqual(["5"]);
});

test("a run id that is used again names the new run; the old one's tokens are not lost", async () => {
  const { handler, manager } = setUp();
  await play(await start(manager, "same"), ["old"]);
  await play(await start(manager, "same"), ["new"]);
  expect(await readAll(handler.aiter("same"))).toEqual(["new"]);
  expect(await readAll(handler.aiter())).toEqual(["old"]);
  expect(handler.forgottenRuns).toBe(0);
});

test("tokens and ends of a run that is unknown or over change nothing", async () => {
  const { handler, manager } = setUp();
  const run = await start(manager);
  await play(run, ["a"]);
  await run.onLLMNewToken("late");
  await run.onLLMEnd(resultOf("late"));
  expect(await readAll(handler.aiter())).toEqual(["a"]);
});

test("the queue can be posted before the run and read on another thread", async () => {
  const { handler, manager } = setUp({ queueBytes: 1024 });
  const reader = new ReaderWorker({ queue: handler.queue });
  expect(handler.queue).toBe(handler.queue);
  const tokens = Array.from({ length: 3000 }, (_, i) => `ü${i}`);
  await play(await start(manager), tokens);
  expect((await reader.report).tokens).toEqual(tokens);
  const next = new ReaderWorker({ queue: handler.queue });
  const failing = await start(manager);
  await failing.onLLMError(new TypeError("no"));
  expect((await next.report).error).toMatchObject({ name: "TypeError", message: "no" });
});

test("queues of several runs are posted by their ids; each reader gets its run", async () => {
  const { handler, manager } = setUp();
  const runs = await manager.onLLMStart(MODEL, ["1", "2"]);
  const readers = runs.map((run) => new ReaderWorker({ queue: handler.queueOf(run.runId) }));
  await Promise.all(
    runs.map((run, i) =>
      play(
        run,
        TEN.map((token) => `${i} ${token}`),
      ),
    ),
  );
  for (const [i, reader] of readers.entries()) {
    expect((await reader.report).tokens).toEqual(TEN.map((token) => `${i} ${token}`));
  }
});

test("a slow reader on another thread makes the run wait; one that leaves aborts the signal", async () => {
  const { handler, manager } = setUp(PATIENT);
  const allowance = new Allowance();
  const reader = new ReaderWorker({ queue: handler.queue, allowance: allowance.buffer, leaveAfter: 5 });
  await reader.reading;
  const run = await start(manager);
  const { waiting } = await fill(run);
  const aborted = once(handler.signal, "abort");
  allowance.allow(5);
  await Promise.all([aborted, waiting]);
  expect((await reader.report).tokens.length).toBe(5);
  await run.onLLMNewToken("dropped");
});

test("tokens of a handler in a worker thread are read here, out of its queue", async () => {
  const module = new URL("../fixtures/token-handler.js", import.meta.url);
  const handler = await offThread<AsyncIteratorCallbackHandler>({ module });
  const manager = new AsyncCallbackManager({ handlers: [handler] });
  const run = await start(manager);
  const [queue] = await handler.remote.queueOf(run.runId);
  if (queue === undefined) throw new Error("no queue");
  const reading = readAll(new TokenReader(queue));
  await play(run, TEN);
  expect(await reading).toEqual(TEN);
  await handler.close();
});

test("reads and results that nothing awaits report a run's error, once, and end no process", async () => {
  const error = new Error("overloaded");
  const failures = await collectFailures(async () => {
    const { handler, manager } = setUp();
    for (const when of ["before", "after"] as const) {
      const tokens = handler.aiter(when);
      if (when === "before") void tokens.next();
      const run = await start(manager, when);
      await run.onLLMError(error);
      if (when === "after") void tokens.next();
      void tokens.result;
      await settleTasks();
    }
    const queue = new TokenQueue();
    await queue.fail(new Error("elsewhere"));
    void queue.push("late");
    void new TokenReader(queue.shared).next();
    await settleTasks();
  });
  expect(failures.map(({ handler, event, runId, error }) => [handler, event, runId, String(error)])).toEqual([
    ["TokenIteration", "on_llm_error", "before", "Error: overloaded"],
    ["TokenQueue", "on_llm_new_token", "unknown", expect.stringContaining("after end() or fail()")],
    ["TokenReader", "on_llm_error", "unknown", "Error: elsewhere"],
  ]);
});

test("reads that are awaited report nothing", async () => {
  const error = new Error("overloaded");
  const failures = await collectFailures(async () => {
    const { handler, manager } = setUp();
    const tokens = handler.aiter();
    const { result } = tokens;
    const reading = readAll(tokens).catch((reason: unknown) => reason);
    await (await start(manager)).onLLMError(error);
    expect(await reading).toBe(error);
    await settleTasks();
    expect(await result.catch((reason: unknown) => reason)).toBe(error);
  });
  expect(failures).toEqual([]);
});

test("bad options are refused with a code", () => {
  const coded = expect.objectContaining({ code: "SIDECALL_OPTION_INVALID" });
  expect(() => new AsyncIteratorCallbackHandler({ queueBytes: 10 })).toThrow(coded);
  expect(() => new AsyncIteratorCallbackHandler({ maxUnreadRuns: -1 })).toThrow(coded);
  const misspelt = { queueByte: 4096 } as object;
  expect(() => new AsyncIteratorCallbackHandler(misspelt)).toThrow(coded);
  expect(() => new AsyncFinalIteratorCallbackHandler(misspelt)).toThrow(coded);
  expect(() => new TokenQueue(misspelt)).toThrow(coded);
});

test("a loop that waits keeps the process alive", async () => {
  const index = new URL("../../src/index.js", import.meta.url).href;
  const script = `
    import { AsyncCallbackManager, AsyncIteratorCallbackHandler } from ${JSON.stringify(index)};
    const handler = new AsyncIteratorCallbackHandler();
    const manager = new AsyncCallbackManager({ handlers: [handler] });
    const soon = (action) => setTimeout(action, 1).unref();
    soon(async () => {
      const [run] = await manager.onLLMStart({}, ["hi"]);
      await run.onLLMNewToken("a");
      soon(() => run.onLLMEnd({ generations: [[{ text: "a" }]] }));
    });
    for await (const token of handler) console.log(token);
    console.log("end");`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
  expect(stdout).toBe("a\nend\n");
});
