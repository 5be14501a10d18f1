import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  AsyncCallbackManager,
  type OffThreadHandler,
  type OffThreadOptions,
  offThread,
} from "../../src/index.ts";
import { fixture } from "../fixtures/modules.ts";
import { record } from "../support/records.ts";

const warnings: string[] = [];
beforeEach(() => {
  warnings.length = 0;
  vi.spyOn(process, "emitWarning").mockImplementation((warning) => void warnings.push(`${warning}`));
});
afterEach(() => {
  vi.restoreAllMocks();
});

interface GatedRemote {
  open(): void;
  all(): string[];
}
const SMALL = { ringBytes: 1024, maxBufferedBytes: 2048, acknowledge: "queued" } as const;

/** A handler that holds its trace's first event until `open` is called; later events queue behind it. */
async function blocked(options: OffThreadOptions, name = "Gated") {
  const handler: OffThreadHandler<GatedRemote> = await offThread<GatedRemote>(fixture(name), options);
  const manager = new AsyncCallbackManager({ handlers: [handler] });
  const chain = await manager.onChainStart(null, {});
  void chain.onCustomEvent("hold", {});
  return { handler, manager, chain };
}

test.each(["trace", "none"] as const)("wait: callers wait, and no event is lost (%s)", async (ordering) => {
  const { handler, chain } = await blocked({ ...SMALL, ordering });
  const texts = Array.from({ length: 500 }, (_, i) => `${i}`);
  let resolved = 0;
  const sent = texts.map((text) => chain.onText(text).then(() => (resolved += 1)));
  await handler.remote.all();
  expect(resolved).toBeLessThan(500);
  await handler.remote.open();
  await Promise.all(sent);
  await handler.flush();
  const [seen = []] = await handler.remote.all();
  if (ordering === "trace") expect(seen).toEqual(["hold begins", "hold ends", ...texts]);
  else expect(seen.filter((each) => !each.startsWith("hold")).sort()).toEqual([...texts].sort());
  expect(handler.stats()).toMatchObject({ events: 501, dropped: 0, depth: 0, bufferedBytes: 0 });
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(/More than 2048 bytes/);
  await handler.close();
});

test.each(["trace", "none"] as const)(
  "drop: events beyond the bound are counted, and reported once (%s)",
  async (ordering) => {
    const { handler, chain } = await blocked({ ...SMALL, ordering, overflow: "drop" });
    for (let i = 0; i < 500; i += 1) void chain.onText(`${i}`);
    await handler.remote.open();
    await handler.flush();
    const { events, dropped, handlers } = handler.stats();
    expect(events).toBe(501);
    expect(dropped).toBeGreaterThan(300);
    expect(handlers[0]?.handled).toBe(events - dropped);
    expect(warnings).toEqual([`${dropped} events for off-thread handlers were dropped.`]);
    await handler.close();
  },
);

test("drop: starts and ends evict other events, and are dropped last", async () => {
  const { handler, chain } = await blocked({ ...SMALL, overflow: "drop" }, "GatedChains");
  const start = (i: number) => handler.onEvent(record("on_chain_start", `r${i}`, { inputs: i }));
  const end = (i: number) => handler.onEvent(record("on_chain_end", `r${i}`, { outputs: i }));
  // Fills ring and buffer, and goes on until texts are dropped on arrival.
  for (let i = 0; i < 200; i += 1) void chain.onText(`${i}`);
  const before = handler.stats();
  expect(before.dropped).toBeGreaterThan(0);
  const kept = [0, 1, 2, 3, 4].flatMap((i) => [start(i), end(i)]);
  // Ten lifecycle events were admitted where no text was: waiting texts were dropped instead.
  expect(handler.stats().dropped).toBeGreaterThan(before.dropped);
  // When no other event is left to evict, they are dropped too, and counted.
  const rest = Array.from({ length: 200 }, (_, i) => start(100 + i));
  await handler.remote.open();
  await Promise.all([...kept, ...rest]);
  await handler.flush();
  const [seen = []] = await handler.remote.all();
  const { events, dropped, handlers } = handler.stats();
  expect(seen.filter((each) => each === "end")).toHaveLength(5);
  const starts = seen.filter((each) => each === "start").length;
  expect(starts).toBeGreaterThan(1 + 5);
  expect(starts).toBeLessThan(1 + 5 + rest.length);
  expect(handlers[0]?.handled).toBe(events - dropped);
  // The held event is listed twice: when it began and when it ended.
  expect(seen).toHaveLength(events - dropped + 1);
  await handler.close();
});

test("drop: runs whose events are dropped take no room, and are defined with the next event that is not", async () => {
  const { handler, manager } = await blocked({ ...SMALL, overflow: "drop" });
  manager.addTags(["t".repeat(300)]);
  const chains = await Promise.all(Array.from({ length: 100 }, (_, i) => manager.onChainStart(null, i)));
  for (const [i, chain] of chains.entries()) void chain.onText(`early ${i}`);
  expect(handler.stats().bufferedBytes).toBeLessThanOrEqual(SMALL.ringBytes + SMALL.maxBufferedBytes);
  await handler.remote.open();
  await handler.flush();
  for (const [i, chain] of chains.entries()) await chain.onText(`late ${i}`);
  await handler.flush();
  const { events, dropped, handlers } = handler.stats();
  expect(dropped).toBeGreaterThan(80);
  expect(handlers[0]?.handled).toBe(events - dropped);
  const [seen = []] = await handler.remote.all();
  expect(seen.slice(-100)).toEqual(chains.map((_, i) => `late ${i}`));
  await handler.close();
});

test("throw: events beyond the bound reject and are counted", async () => {
  const { handler, chain } = await blocked({ ...SMALL, overflow: "throw" });
  const sent = Promise.allSettled(Array.from({ length: 500 }, (_, i) => chain.onText(`${i}`)));
  await handler.remote.open();
  const results = await sent;
  const rejected = results.filter((result) => result.status === "rejected");
  expect(rejected.length).toBe(handler.stats().dropped);
  expect(rejected.length).toBeGreaterThan(300);
  expect(rejected[0]?.reason).toMatchObject({ code: "SIDECALL_OVERFLOW" });
  await handler.close();
});

test("an event larger than ring and buffer arrives whole, and the events behind it arrive in order", async () => {
  const { handler, chain } = await blocked({ ...SMALL, acknowledge: "handled" });
  await handler.remote.open();
  const big = "x€".repeat(1_000_000);
  await Promise.all([chain.onText("first"), chain.onText(big), chain.onText("last")]);
  const [seen = []] = await handler.remote.all();
  expect(seen.slice(-3)).toEqual(["first", big, "last"]);
  await handler.close();
});

test("an event that waits for room is written as soon as a single other one makes room", async () => {
  const options = { ringBytes: 1024, acknowledge: "queued" } as const;
  const handler = await offThread<{ release(text: string): void; count(): number }>(
    fixture("HeldTexts"),
    options,
  );
  const manager = new AsyncCallbackManager({ handlers: [handler] });
  const chains = await Promise.all(Array.from({ length: 60 }, (_, i) => manager.onChainStart(null, i)));
  // From now on the lane knows the runs, and each text takes 32 bytes of the ring.
  await Promise.all(chains.map((chain) => chain.onCustomEvent("hello", {})));
  await handler.flush();
  for (const [i, chain] of chains.entries()) void chain.onText(`${i}`);
  const count = async () => (await handler.remote.count())[0] ?? 0;
  await expect.poll(count).toBeGreaterThanOrEqual(31);
  const room = await count();
  for (const i of [0, 1, 2]) {
    await handler.remote.release(`${i}`);
    await expect.poll(count).toBeGreaterThan(room + i);
  }
  await handler.abort();
});
