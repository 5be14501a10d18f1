import { once } from "node:events";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { SharedTokens } from "../../src/token-queue/layout.ts";
import { TokenQueue } from "../../src/token-queue/queue.ts";
import { TokenReader } from "../../src/token-queue/reader.ts";
import { Allowance, ReaderWorker } from "../support/reader-worker.ts";
import { isPending, settleTasks } from "../support/tasks.ts";

async function readAll(reader: AsyncIterable<string>): Promise<string[]> {
  const tokens: string[] = [];
  for await (const token of reader) tokens.push(token);
  return tokens;
}

/** A small queue whose pushes wait for its reader for ever. */
const PATIENT = { queueBytes: 1024, readerGraceMillis: Number.POSITIVE_INFINITY };

/** Pushes until a push has to wait; returns the promise of that one. */
async function fill(queue: TokenQueue, token: string): Promise<{ pushed: number; waiting: Promise<void> }> {
  for (let pushed = 1; ; pushed += 1) {
    const push = queue.push(token);
    if (await isPending(push)) return { pushed, waiting: push };
  }
}

test("all tokens arrive when push and end come before the reader", async () => {
  for (let trial = 0; trial < 300; trial += 1) {
    const queue = new TokenQueue();
    const tokens = Array.from({ length: 10 }, (_, i) => `${trial}.${i}`);
    for (const token of tokens) await queue.push(token);
    await queue.end();
    expect(await readAll(new TokenReader(queue.shared))).toEqual(tokens);
  }
});

test("the end of an empty queue ends an iteration that is waiting", async () => {
  const queue = new TokenQueue();
  const reading = readAll(new TokenReader(queue.shared));
  expect(await isPending(reading)).toBe(true);
  await queue.end();
  expect(await reading).toEqual([]);
});

test("any tokens arrive exactly, through any size of queue", async () => {
  const units = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 600 });
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: "binary" }),
    units.map((u) => String.fromCharCode(...u)),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.array(text, { maxLength: 40 }),
      fc.constantFrom(1024, 4096),
      async (tokens, queueBytes) => {
        const queue = new TokenQueue({ queueBytes });
        const pushes = Promise.all(tokens.map((token) => queue.push(token)));
        void queue.end();
        expect(await readAll(new TokenReader(queue.shared))).toEqual(tokens);
        await pushes;
      },
    ),
    { numRuns: 100 },
  );
});

test("a token larger than the ring arrives whole", async () => {
  const huge = "\ud83d\ude00é".repeat(100_000);
  const queue = new TokenQueue({ queueBytes: 1024 });
  const pushed = queue.push(huge);
  const end = queue.end();
  const tokens = await readAll(new TokenReader(queue.shared));
  expect(tokens.length).toBe(1);
  expect(tokens[0] === huge).toBe(true);
  await Promise.all([pushed, end]);
});

test("push waits while the queue is full and goes on when the reader has read", async () => {
  const queue = new TokenQueue(PATIENT);
  const { pushed, waiting } = await fill(queue, "x".repeat(50));
  const end = queue.end();
  expect(await isPending(end)).toBe(true);
  const reader = new TokenReader(queue.shared);
  const tokens = readAll(reader);
  await Promise.all([waiting, end]);
  expect((await tokens).length).toBe(pushed);
});

test("an error arrives with name, message, stack and code, after all tokens", async () => {
  class ProviderError extends Error {
    override readonly name = "ProviderError";
    readonly code = "rate_limited";
  }
  const error = new ProviderError("too many \ud800 requests");
  const queue = new TokenQueue();
  await queue.push("a");
  await queue.fail(error);
  const reader = new TokenReader(queue.shared);
  expect(await reader.next()).toEqual({ done: false, value: "a" });
  const thrown: unknown = await reader.next().catch((reason: unknown) => reason);
  expect(thrown).toBeInstanceOf(Error);
  expect(thrown).toMatchObject({
    name: "ProviderError",
    message: error.message,
    stack: error.stack,
    code: "rate_limited",
  });
  expect(await reader.next()).toEqual({ done: true, value: undefined });
});

test("a thrown value that is no error, or an unreadable error, arrives as a coded error", async () => {
  const hostile = new Error("x");
  Object.defineProperty(hostile, "message", {
    get: () => {
      throw new Error("no");
    },
  });
  for (const thrown of ["just text", undefined, hostile]) {
    const queue = new TokenQueue();
    await queue.fail(thrown);
    await expect(new TokenReader(queue.shared).next()).rejects.toMatchObject({ code: "SIDECALL_RUN_FAILED" });
  }
});

test("end and fail are idempotent, and push rejects after them", async () => {
  const queue = new TokenQueue();
  await queue.push("a");
  expect(queue.end()).toBe(queue.end());
  await queue.fail(new Error("too late"));
  await expect(queue.push("b")).rejects.toMatchObject({ code: "SIDECALL_CLOSED" });
  expect(await readAll(new TokenReader(queue.shared))).toEqual(["a"]);
});

test("bad arguments are refused with a code", async () => {
  for (const queueBytes of [0, 1023, 2 ** 30 + 1, 1500.5, Number.NaN]) {
    expect(() => new TokenQueue({ queueBytes })).toThrow(
      expect.objectContaining({ code: "SIDECALL_OPTION_INVALID" }),
    );
  }
  const queue = new TokenQueue();
  // @ts-expect-error a token is a string
  await expect(queue.push(7)).rejects.toMatchObject({ code: "SIDECALL_OPTION_INVALID" });
  // @ts-expect-error a queue's memory is expected
  expect(() => new TokenReader({})).toThrow(expect.objectContaining({ code: "SIDECALL_OPTION_INVALID" }));
});

test("a second reader of a queue is refused", () => {
  const { shared } = new TokenQueue();
  new TokenReader(shared);
  expect(() => new TokenReader(shared)).toThrow(expect.objectContaining({ code: "SIDECALL_QUEUE_TAKEN" }));
});

test("leaving the loop aborts the signal, frees a waiting push, and later pushes are dropped and counted", async () => {
  const queue = new TokenQueue(PATIENT);
  const { waiting } = await fill(queue, "x".repeat(50));
  const aborted = once(queue.signal, "abort");
  for await (const _ of new TokenReader(queue.shared)) break;
  await Promise.all([waiting, aborted]);
  const before = queue.dropped;
  for (let i = 0; i < 1000; i += 1) await queue.push("more");
  expect(queue.dropped).toBe(before + 1000);
  await queue.end();
});

test("return ends a waiting read", async () => {
  const queue = new TokenQueue();
  const reader = new TokenReader(queue.shared);
  const reads = Promise.all([reader.next(), reader.next()]);
  expect(await isPending(reads)).toBe(true);
  await reader.return();
  const done = { done: true, value: undefined };
  expect(await reads).toEqual([done, done]);
  await settleTasks();
  expect(queue.signal.aborted).toBe(true);
});

test("leaving after the end does not abort the signal", async () => {
  const queue = new TokenQueue();
  await queue.end();
  const reader = new TokenReader(queue.shared);
  expect(await readAll(reader)).toEqual([]);
  await reader.return();
  await settleTasks();
  expect(queue.signal.aborted).toBe(false);
});

test("overlapping reads get the tokens in order", async () => {
  const queue = new TokenQueue();
  const reader = new TokenReader(queue.shared);
  const reads = Promise.all([reader.next(), reader.next(), reader.next(), reader.next()]);
  await queue.push("a");
  await settleTasks();
  await queue.push("b");
  await queue.push("c");
  await queue.end();
  expect((await reads).map(({ value }) => value)).toEqual(["a", "b", "c", undefined]);
});

test("a reader on another thread, faster than the producer, gets everything in order", async () => {
  const queue = new TokenQueue();
  const reader = new ReaderWorker({ queue: queue.shared });
  await reader.reading;
  const tokens = Array.from({ length: 2000 }, (_, i) => `t${i}`);
  for (const [i, token] of tokens.entries()) {
    await queue.push(token);
    if (i % 50 === 0) await settleTasks(2);
  }
  await queue.end();
  expect((await reader.report).tokens).toEqual(tokens);
});

test("a reader on another thread, slower than the producer, makes it wait and gets everything in order", async () => {
  const queue = new TokenQueue(PATIENT);
  const allowance = new Allowance();
  const reader = new ReaderWorker({ queue: queue.shared, allowance: allowance.buffer });
  await reader.reading;
  const { pushed, waiting } = await fill(queue, "x".repeat(50));
  allowance.allow(pushed - 1);
  await waiting;
  const end = queue.end();
  allowance.allowAll();
  await end;
  expect((await reader.report).tokens).toEqual(Array.from({ length: pushed }, () => "x".repeat(50)));
});

test("many laps of a small ring between two threads lose no token and no wake-up", async () => {
  const queue = new TokenQueue({ queueBytes: 1024 });
  const reader = new ReaderWorker({ queue: queue.shared });
  const tokens = Array.from({ length: 20_000 }, (_, i) => `${i}${"é€".repeat(i % 7)}`);
  for (const token of tokens) await queue.push(token);
  await queue.end();
  expect((await reader.report).tokens).toEqual(tokens);
});

test("an error reaches a reader on another thread", async () => {
  const queue = new TokenQueue();
  const reader = new ReaderWorker({ queue: queue.shared });
  await queue.push("a");
  const error = Object.assign(new RangeError("out"), { code: 17 });
  await queue.fail(error);
  expect(await reader.report).toEqual({
    tokens: ["a"],
    error: { name: "RangeError", message: "out", stack: error.stack, code: 17 },
  });
});

test("a reader on another thread that leaves aborts the signal here and frees a waiting push", async () => {
  const queue = new TokenQueue(PATIENT);
  const { waiting } = await fill(queue, "x".repeat(50));
  const aborted = once(queue.signal, "abort");
  const reader = new ReaderWorker({ queue: queue.shared, leaveAfter: 3 });
  await Promise.all([waiting, aborted]);
  expect((await reader.report).tokens.length).toBe(3);
  const before = queue.dropped;
  await queue.push("more");
  expect(queue.dropped).toBe(before + 1);
});

test("a second reader on another thread is refused", async () => {
  const queue = new TokenQueue();
  new TokenReader(queue.shared);
  const { error } = await new ReaderWorker({ queue: queue.shared }).report;
  expect(error?.code).toBe("SIDECALL_QUEUE_TAKEN");
});

async function startProducer(count: number) {
  const worker = new Worker(new URL("../fixtures/token-producer-worker.js", import.meta.url));
  const [shared] = (await once(worker, "message")) as [SharedTokens];
  worker.postMessage(count);
  return { shared, worker };
}

test("a producing thread without other work stays alive while it waits for its reader", async () => {
  const { shared, worker } = await startProducer(5000);
  const exit = once(worker, "exit");
  const tokens = await readAll(new TokenReader(shared));
  expect(tokens).toEqual(Array.from({ length: 5000 }, (_, i) => String(i)));
  expect(await exit).toEqual([0]);
});

test("a producing thread's signal is aborted when its reader leaves", async () => {
  const { shared, worker } = await startProducer(1_000_000);
  const report = once(worker, "message");
  for await (const token of new TokenReader(shared)) if (token === "1000") break;
  expect(await report).toEqual([expect.objectContaining({ aborted: true })]);
});
