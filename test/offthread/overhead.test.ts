import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { performance } from "node:perf_hooks";
import { expect, test, vi } from "vitest";
import { AsyncCallbackManager, type OffThreadStats, offThread, STATS_CHANNEL } from "../../src/index.ts";
import { Overhead } from "../../src/transports/overhead.ts";

const module = new URL("../fixtures/handlers.js", import.meta.url);

async function sendTokens(count: number) {
  const handler = await offThread({ module, export: "Recorder" });
  const [run] = await new AsyncCallbackManager({ handlers: [handler] }).onLLMStart(null, ["p"]);
  for (let i = 0; i < count; i += 1) await run?.onLLMNewToken("token");
  const stats = handler.stats();
  await handler.close();
  return stats;
}

test("a handler's own cost is sampled: every call counted; the powers of two timed, then one in 256", async () => {
  const { overhead, events } = await sendTokens(1023);
  expect(events).toBe(1024);
  expect(overhead).toMatchObject({ calls: 1024, sampledCalls: 8 + 4 });
  const { mean, p50, p99, max } = overhead.callNanos;
  expect(mean).toBeGreaterThan(0);
  expect(p50).toBeLessThanOrEqual(p99);
  expect(p99).toBeLessThanOrEqual(max);
});

test.each([1, 2, 3, 100, 256, 1000])("of %i calls the first stands for itself alone", (calls) => {
  let millis = 1000;
  const now = vi.spyOn(performance, "now").mockImplementation(() => millis);
  const overhead = new Overhead(() => ({}));
  for (let call = 0; call < calls; call += 1) {
    const start = overhead.begin();
    millis += call === 0 ? 5 : 0.002;
    overhead.end(start);
  }
  now.mockRestore();
  expect(overhead.stats().estimatedMillis).toBeCloseTo(5 + 0.002 * (calls - 1), 6);
});

test("subscribers of the channel are told the statistics of a busy handler; after they left, nobody is asked", async () => {
  const told: { handler: string; stats: OffThreadStats }[] = [];
  const listen = (message: unknown) => told.push(message as (typeof told)[number]);
  subscribe(STATS_CHANNEL, listen);
  await sendTokens(600);
  unsubscribe(STATS_CHANNEL, listen);
  expect(told[0]).toMatchObject({
    handler: "Recorder",
    stats: { overhead: { sampledCalls: expect.any(Number) } },
  });
  const { length } = told;
  await sendTokens(600);
  expect(told).toHaveLength(length);
});
