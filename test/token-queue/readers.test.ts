import { execFile } from "node:child_process";
import { once } from "node:events";
import { promisify } from "node:util";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { RingProducer } from "../../src/shared-memory/producer.ts";
import { LOCAL, NONE, READER, REMOTE, type SharedTokens } from "../../src/token-queue/layout.ts";
import { TokenQueue } from "../../src/token-queue/queue.ts";
import { TokenReader } from "../../src/token-queue/reader.ts";
import { ReaderWatch } from "../../src/token-queue/reader-watch.ts";
import { Allowance, ReaderWorker } from "../support/reader-worker.ts";
import { settleTasks } from "../support/tasks.ts";
import { collectWarnings } from "../support/warnings.ts";

/* Readers that come late, never, leave or die while the producer waits for them. */

const SMALL = { queueBytes: 1024, readerGraceMillis: 10 };
/** Waits for a reader that has never read, for ever. */
const PATIENT = { queueBytes: 1024, readerGraceMillis: Number.POSITIVE_INFINITY };
const TOKENS = Array.from({ length: 500 }, (_, i) => `token ${i}`);

afterEach(() => {
  vi.restoreAllMocks();
});

async function readAll(reader: AsyncIterable<string>): Promise<string[]> {
  const tokens: string[] = [];
  for await (const token of reader) tokens.push(token);
  return tokens;
}

async function pushAll(queue: TokenQueue, tokens: readonly string[]): Promise<void> {
  for (const token of tokens) await queue.push(token);
  await queue.end();
}

describe.each(["before it is full", "once its tokens have collected"])("a reader that is made %s", (when) => {
  test("and begins late gets everything, once and in order; one warning names the queue", async () => {
    const queue = new TokenQueue(SMALL, () => "run 17");
    let reader = when === "before it is full" ? new TokenReader(queue.shared) : undefined;
    const warnings = await collectWarnings(() => pushAll(queue, TOKENS));
    expect(warnings).toEqual([expect.stringMatching(/^run 17: .*readerGraceMillis/)]);
    reader ??= new TokenReader(queue.shared);
    expect(await readAll(reader)).toEqual(TOKENS);
    expect(queue.signal.aborted).toBe(false);
  });
});

test("a token longer than the queue goes on within: its first pieces wait in the queue, the others in memory", async () => {
  const queue = new TokenQueue(SMALL);
  const long = "x€".repeat(5000);
  await pushAll(queue, [long, "after"]);
  expect(await readAll(new TokenReader(queue.shared))).toEqual([long, "after"]);
});

test("pushes that nothing awaits collect as well, and all resolve", async () => {
  const queue = new TokenQueue(SMALL);
  const pushes = TOKENS.map((token) => queue.push(token));
  const end = queue.end();
  await Promise.all([...pushes, end]);
  expect(await readAll(new TokenReader(queue.shared))).toEqual(TOKENS);
});

test("a reader that leaves after the producer went on aborts the signal, and the rest is dropped and counted", async () => {
  const queue = new TokenQueue(SMALL);
  for (const token of TOKENS) await queue.push(token);
  const aborted = once(queue.signal, "abort");
  for await (const _ of new TokenReader(queue.shared)) break;
  await aborted;
  await settleTasks();
  expect(queue.dropped).toBeGreaterThan(0);
  const { dropped } = queue;
  await queue.push("more");
  expect(queue.dropped).toBe(dropped + 1);
});

test("a producer that went on waits again once its reader has begun", async () => {
  const queue = new TokenQueue(SMALL);
  for (const token of TOKENS) await queue.push(token);
  const reader = new TokenReader(queue.shared);
  for (let i = 0; i < 60; i += 1) expect(await reader.next()).toEqual({ done: false, value: TOKENS[i] });
  await settleTasks();
  let isWritten = false;
  const push = queue.push("last").then(() => {
    isWritten = true;
  });
  void queue.end();
  await settleTasks();
  expect(isWritten).toBe(false);
  expect(await readAll(reader)).toEqual([...TOKENS.slice(60), "last"]);
  await push;
});

/** The moments at which a producer looks, and what it finds. */
function watchOf(reader: number, graceMillis: number) {
  const control = new Int32Array(new SharedArrayBuffer(20));
  control[READER] = reader;
  return { control, watch: new ReaderWatch(control, graceMillis) };
}

test("only a reader that has never read is found absent, once the grace is over", () => {
  for (const reader of [NONE, LOCAL]) {
    const { watch } = watchOf(reader, 1500);
    const first = watch.nextLookMillis(false);
    expect(first).toBe(reader === LOCAL ? 1500 : 1000);
    expect(watch.look(false, first)).toBe(reader === LOCAL ? "absent" : "well");
    if (reader === NONE) {
      expect(watch.nextLookMillis(false)).toBe(500);
      expect(watch.look(false, 500)).toBe("absent");
    }
  }
  const { watch } = watchOf(LOCAL, 1500);
  expect(watch.nextLookMillis(true)).toBe(Number.POSITIVE_INFINITY);
  expect(watch.look(true, 1e9)).toBe("well");
});

test("an infinite grace waits for a reader of any kind", () => {
  const { watch } = watchOf(NONE, Number.POSITIVE_INFINITY);
  expect(watch.nextLookMillis(false)).toBe(1000);
  expect(watch.look(false, 1000)).toBe("well");
  expect(watchOf(LOCAL, Number.POSITIVE_INFINITY).watch.nextLookMillis(false)).toBe(Number.POSITIVE_INFINITY);
});

test("a thread that is blocked is no thread that has ended, however often it is looked at", async () => {
  const queue = new TokenQueue(SMALL);
  const allowance = new Allowance();
  const reader = new ReaderWorker({ queue: queue.shared, allowance: allowance.buffer });
  await reader.reading;
  const control = new Int32Array(queue.shared.control);
  expect(control[READER]).toBe(REMOTE);
  const watch = new ReaderWatch(control, 1000);
  for (let look = 0; look < 12; look += 1) {
    expect(watch.nextLookMillis(true)).toBe(1000 * 2 ** look);
    expect(watch.look(true, 0)).toBe("well");
  }
  allowance.allowAll();
  await queue.push("a");
  await queue.end();
  expect((await reader.report).tokens).toEqual(["a"]);
  // It answers all probes now, so the next look is due as early as the first.
  await vi.waitFor(() => expect(watch.nextLookMillis(true)).toBe(1000));
});

const DEATHS = ["exit", "throw", "natural end", "terminate"] as const;

/** Pushes to a reader whose thread ends after some tokens; resolves once all pushes have. */
async function outlive(dies: (typeof DEATHS)[number], leaveAfter: number): Promise<TokenQueue> {
  const queue = new TokenQueue(PATIENT, () => `run ${dies}`);
  const { worker, report } = new ReaderWorker({ queue: queue.shared, leaveAfter, dies });
  report.catch(() => undefined);
  const dying = new Promise<void>((resolve) => {
    worker.on("message", (message) => {
      if (message === "dying") resolve();
    });
  });
  for (const token of TOKENS.slice(0, leaveAfter)) await queue.push(token);
  await dying;
  if (dies === "terminate") void worker.terminate();
  await pushAll(queue, TOKENS.slice(leaveAfter));
  return queue;
}

test.each([0, 1, 40])(
  "a reader's thread that ends after %i tokens, in any way, lets the producer go on: its signal aborts, tokens are dropped, one warning",
  async (leaveAfter) => {
    const warnings = await collectWarnings(async () => {
      for (const queue of await Promise.all(DEATHS.map((dies) => outlive(dies, leaveAfter)))) {
        expect(queue.signal.aborted).toBe(true);
        expect(queue.dropped).toBeGreaterThan(0);
      }
    });
    const wanted = DEATHS.map((dies) =>
      expect.stringContaining(`run ${dies}: the thread that read its tokens has ended`),
    );
    expect(warnings).toHaveLength(DEATHS.length);
    expect(warnings).toEqual(expect.arrayContaining(wanted));
  },
);

test("a reader that leaves between two pieces of a long push does not make it wait", async () => {
  const queue = new TokenQueue(PATIENT);
  const reader = new TokenReader(queue.shared);
  const push = queue.push("x".repeat(10_000));
  const read = reader.next();
  const { reserve } = RingProducer.prototype;
  let hasLeft = false;
  vi.spyOn(RingProducer.prototype, "reserve").mockImplementation(function (this: RingProducer, bytes) {
    // The reader frees what there is and finds no producer that waits; that one fills the ring anew, and then waits.
    if (!hasLeft) void reader.return();
    hasLeft = true;
    return reserve.call(this, bytes);
  });
  await push;
  expect(hasLeft).toBe(true);
  expect((await read).done).toBe(true);
  expect(queue.signal.aborted).toBe(true);
  expect(queue.dropped).toBe(1);
});

test("a producing thread that has nothing else to do stays for a reader that comes late", async () => {
  const worker = new Worker(new URL("../fixtures/token-late-producer-worker.js", import.meta.url));
  const messages: unknown[] = [];
  const warned = new Promise<void>((resolve) => {
    worker.on("message", (message) => {
      messages.push(message);
      if (messages.length === 2) resolve();
    });
  });
  const exit = once(worker, "exit");
  await warned;
  const tokens = await readAll(new TokenReader(messages[0] as SharedTokens));
  expect(tokens).toEqual(Array.from({ length: 500 }, (_, i) => String(i)));
  expect(await exit).toEqual([0]);
  expect(messages).toHaveLength(2);
});

/** Runs a program; resolves with its output once it has ended by itself. */
async function run(body: string): Promise<{ stdout: string; stderr: string }> {
  const index = new URL("../../src/index.js", import.meta.url).href;
  const script = `import { AsyncCallbackManager, AsyncIteratorCallbackHandler, TokenQueue, TokenReader } from ${JSON.stringify(index)};
    ${body}`;
  return promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
}

test("a process ends although tokens wait for a reader of its own that never reads, or reads no more", async () => {
  const { stdout, stderr } = await run(`
    for (const reads of [0, 1]) {
      const queue = new TokenQueue({ queueBytes: 1024, readerGraceMillis: 10 });
      const reader = new TokenReader(queue.shared);
      if (reads > 0) { await queue.push("a"); await reader.next(); }
      for (let i = 0; i < 500; i += 1) void queue.push("token " + i);
      void queue.end();
    }
    process.on("exit", (code) => console.log("ended", code));`);
  expect(stdout).toBe("ended 0\n");
  expect(stderr.match(/SidecallHandlerWarning/g)).toHaveLength(1);
});

test("any tokens reach any reader once and in order, however late it begins and whenever it pauses", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ maxLength: 300 }), { maxLength: 60 }),
      fc.constantFrom<"early" | "late">("early", "late"),
      fc.array(fc.nat({ max: 3 }), { maxLength: 10 }),
      fc.boolean(),
      async (tokens, begins, pauses, isAwaited) => {
        const queue = new TokenQueue({ queueBytes: 1024, readerGraceMillis: 1 });
        const read = async () => {
          const got: string[] = [];
          for await (const token of new TokenReader(queue.shared)) {
            got.push(token);
            await settleTasks(pauses[got.length % (pauses.length + 1)] ?? 0);
          }
          return got;
        };
        const early = begins === "early" ? read() : undefined;
        const pushed = isAwaited
          ? pushAll(queue, tokens)
          : Promise.all([...tokens.map((token) => queue.push(token)), queue.end()]);
        if (early === undefined) await pushed;
        expect(await (early ?? read())).toEqual(tokens);
        await pushed;
        expect(queue.dropped).toBe(0);
      },
    ),
    { numRuns: 60 },
  );
});
