import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  type AnyEventRecord,
  AsyncCallbackManager,
  type OffThreadOptions,
  offThread,
} from "../../src/index.ts";
import { fixture } from "../fixtures/modules.ts";
import { collectFailures } from "../placements.ts";
import { settleTasks } from "../support/tasks.ts";
import { countThreads } from "../support/threads.ts";

beforeEach(() => {
  vi.spyOn(process, "emitWarning").mockImplementation(() => undefined);
});
afterEach(() => {
  vi.restoreAllMocks();
});

const PLACES = [
  { ordering: "trace", acknowledge: "handled" },
  { ordering: "trace", acknowledge: "queued" },
  { ordering: "none", acknowledge: "handled" },
] as const satisfies OffThreadOptions[];
const LIMITS = { resourceLimits: { maxOldGenerationSizeMb: 32 } };

test.each(
  PLACES.flatMap((place) => ["exit", "throw later", "exhaust memory"].map((fate) => ({ ...place, fate }))),
)(
  "an event that kills its thread fails alone: $fate ($ordering, $acknowledge)",
  async ({ fate, ...options }) => {
    const handler = await offThread(fixture("ThreadKiller"), { ...options, ...LIMITS });
    const manager = new AsyncCallbackManager({ handlers: [handler] });
    const failures = await collectFailures(async () => {
      const [doomed, other] = await Promise.all([
        manager.onChainStart(null, 1),
        manager.onChainStart(null, 2),
      ]);
      const before = [doomed.onText("a"), other.onText("b")];
      const fatal = doomed.onText(fate);
      const after = [doomed.onText("c"), other.onText("d")];
      await Promise.all([...before, fatal, ...after]);
      await handler.flush();
    });
    if (options.ordering === "trace") await expect.poll(() => handler.stats().restarts).toBeGreaterThan(0);
    const stats = handler.stats();
    expect(stats).toMatchObject({ events: 5, dropped: 0, depth: 0 });
    const [counts] = stats.handlers;
    expect((counts?.handled ?? 0) + (counts?.failed ?? 0)).toBeGreaterThanOrEqual(5);
    if (fate !== "throw later") {
      // A thread that dies of an uncaught rejection has handled the event before; these have not.
      expect(failures).toMatchObject([{ event: "on_text", error: { code: "SIDECALL_LANE_DIED" } }]);
      expect(counts).toMatchObject({ handled: 4, failed: 1 });
      expect(stats.redelivered).toBe(1);
    }
    await handler.close();
  },
);

test.each(["handled", "queued"] as const)(
  "an event that crosses in pieces and kills its thread fails, and those behind it are handled (%s)",
  async (acknowledge) => {
    const handler = await offThread(fixture("ThreadKiller"), { acknowledge, ringBytes: 1024 });
    const manager = new AsyncCallbackManager({ handlers: [handler], metadata: { long: "m".repeat(2000) } });
    const chain = await manager.onChainStart(null, 1);
    const failures = await collectFailures(async () => {
      const texts = ["a".repeat(5000), `${"b".repeat(5000)}exit`, "c".repeat(5000)];
      await Promise.all(texts.map((text) => chain.onText(text)));
      await handler.flush();
    });
    expect(failures).toMatchObject([{ event: "on_text", error: { code: "SIDECALL_LANE_DIED" } }]);
    const counts = { handled: 2, failed: 1 };
    expect(handler.stats()).toMatchObject({ depth: 0, dropped: 0, redelivered: 0, handlers: [counts] });
    await handler.close();
  },
);

test("a lane survives events that each kill its thread, and counts them exactly", async () => {
  const handler = await offThread(fixture("ThreadKiller"), { acknowledge: "queued" });
  const manager = new AsyncCallbackManager({ handlers: [handler] });
  const chain = await manager.onChainStart(null, 1);
  await chain.onText("a");
  const failures = await collectFailures(async () => {
    for (let i = 0; i < 4; i += 1) void chain.onText("exit");
    await expect(handler.flush()).resolves.toBeUndefined();
  });
  expect(failures).toHaveLength(4);
  expect(handler.stats()).toMatchObject({ events: 5, depth: 0, handlers: [{ handled: 1, failed: 4 }] });
  await handler.close();
});

test("a lane keeps the order of events and the data of open runs when its thread dies", async () => {
  const handler = await offThread<{ all(): string[]; take(): AnyEventRecord[] }>(
    [fixture("ThreadKiller"), fixture("Recorder")],
    {
      acknowledge: "queued",
      ringBytes: 4096,
    },
  );
  const manager = new AsyncCallbackManager();
  manager.addHandler(handler);
  manager.addTags(["kept"]);
  const chain = await manager.onChainStart(null, 1);
  const failures = await collectFailures(async () => {
    for (let i = 0; i < 500; i += 1) void chain.onText(i === 250 ? "exit" : `${i}`);
    await handler.flush();
  });
  expect(failures.map(({ handler: name }) => name).sort()).toEqual(["Recorder", "ThreadKiller"]);
  const [texts = []] = await handler.remote.all();
  // The successor got every event since its start once, in order.
  const numbers = texts.map(Number);
  expect(numbers.at(-1)).toBe(499);
  expect(numbers).toEqual(numbers.map((_, i) => i + 500 - numbers.length));
  const [records] = (await handler.remotes["Recorder"]?.take()) ?? [];
  expect(records?.every(({ tags, runId }) => tags[0] === "kept" && runId === chain.runId)).toBe(true);
  await handler.close();
});

test.each([false, true])(
  "failures just before a thread's death are reported and raised (raiseError: %s)",
  async (raiseError) => {
    const specs = [fixture("Failing", { raiseError }), fixture("ThreadKiller")];
    const handler = await offThread(specs, { acknowledge: "queued" });
    const manager = new AsyncCallbackManager({ handlers: [handler] });
    const [run] = await manager.onLLMStart(null, ["prompt"]);
    const failures = await collectFailures(async () => {
      const starts = [1, 2, 3].map((i) => manager.onChainStart(null, i));
      void run?.onText("exit");
      const settled = await Promise.allSettled(starts);
      await handler.flush();
      expect(settled.map(({ status }) => status)).toEqual(
        Array(3).fill(raiseError ? "rejected" : "fulfilled"),
      );
    });
    expect(failures.map(({ event }) => event)).toEqual([...Array(3).fill("on_chain_start"), "on_text"]);
    expect(failures.at(-1)?.error).toMatchObject({ code: "SIDECALL_LANE_DIED" });
    expect(handler.stats().handlers).toMatchObject([{ failed: 3 }, { failed: 1 }]);
    await handler.close();
  },
);

test("unordered threads that die during remote calls leave no caller waiting", async () => {
  const handler = await offThread<{ all(): string[] }>(fixture("ThreadKiller"), {
    ordering: "none",
    threads: 3,
  });
  const chain = await new AsyncCallbackManager({ handlers: [handler] }).onChainStart(null, 1);
  const failures = await collectFailures(async () => {
    const call = async () => {
      const [answer] = await Promise.allSettled([handler.remote.all()]);
      if (answer.status === "rejected") expect(answer.reason).toMatchObject({ code: "SIDECALL_LANE_DIED" });
    };
    const texts = Array.from({ length: 60 }, async (_, i) => {
      const before = i % 5 === 0 ? call() : undefined;
      await chain.onText(i % 9 === 4 ? "exit" : "a");
      await (i % 5 === 0 ? call() : undefined);
      await before;
    });
    await Promise.all(texts);
    await handler.flush();
  });
  expect(failures).toHaveLength(7);
  expect(handler.stats()).toMatchObject({ events: 60, depth: 0, handlers: [{ handled: 53, failed: 7 }] });
  await handler.close();
});

test("a lane whose threads die while loading is given up, with a coded error and exact counts", async () => {
  const path = join(mkdtempSync(join(tmpdir(), "sidecall-")), "poison");
  const handler = await offThread(fixture("exitingIfFileExists", { path }), { acknowledge: "queued" });
  const manager = new AsyncCallbackManager({ handlers: [handler] });
  const chain = await manager.onChainStart(null, 1);
  writeFileSync(path, "");
  const failures = await collectFailures(async () => {
    await chain.onText("exit");
    await expect(handler.flush()).rejects.toMatchObject({ code: "SIDECALL_LANE_DIED" });
    await chain.onText("too late");
  });
  expect(failures).toMatchObject([{ event: "on_text", error: { code: "SIDECALL_LANE_DIED" } }]);
  expect(handler.stats()).toMatchObject({ events: 1, dropped: 1, depth: 0 });
  await expect(handler.close()).rejects.toMatchObject({ code: "SIDECALL_LANE_DIED" });
});

test("a lane that is given up keeps no other from closing, and leaves no thread", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sidecall-"));
  const [poison, path] = [join(folder, "poison"), join(folder, "texts")];
  const specs = [fixture("exitingIfFileExists", { path: poison }), fixture("FileWriter", { path })];
  const threads = countThreads();
  const handler = await offThread(specs, { threads: 2, acknowledge: "queued" });
  const chain = await new AsyncCallbackManager({ handlers: [handler] }).onChainStart(null, 1);
  await chain.onText("a");
  await handler.flush();
  writeFileSync(poison, "");
  await chain.onText("exit");
  await expect(handler.flush()).rejects.toMatchObject({ code: "SIDECALL_LANE_DIED" });
  await expect(handler.remotes["ThreadKiller"]?.["all"]?.()).rejects.toMatchObject({
    code: "SIDECALL_LANE_DIED",
  });
  await expect(handler.close()).rejects.toMatchObject({ code: "SIDECALL_LANE_DIED" });
  expect(readFileSync(path, "utf8")).toBe("a closed");
  await expect.poll(countThreads).toBeLessThanOrEqual(threads);
});

test("a lane that is aborted while its thread is replaced stays aborted", async () => {
  const handler = await offThread(fixture("ThreadKiller"), { acknowledge: "queued" });
  const chain = await new AsyncCallbackManager({ handlers: [handler] }).onChainStart(null, 1);
  await chain.onText("exit");
  while (handler.stats().restarts === 0) await settleTasks(1);
  await handler.abort();
  await settleTasks();
  expect(handler.stats()).toMatchObject({ events: 1, dropped: 1, restarts: 1 });
});
