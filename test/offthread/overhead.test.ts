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

test("the overhead counts every call, and times calls 1, 2, 4 … 128, then every 256th", async () => {
  const { overhead, events } = await sendTokens(1023);
  expect(events).toBe(1024);
  expect(overhead).toMatchObject({ calls: 1024, sampledCalls: 8 + 4 });
  const { mean, p50, p99, max } = overhead.callNanos;
  expect(mean).toBeGreaterThan(0);
  expect(p50).toBeLessThanOrEqual(p99);
  expect(p99).toBeLessThanOrEqual(max);
});

test.each([1, 2, 3, 100, 256, 1000])(
  "the estimate over %i calls counts the duration of the first call once",
  (calls) => {
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
  },
);

test("the channel carries a busy handler's statistics while it has subscribers", async () => {
  const received: { handler: string; stats: OffThreadStats }[] = [];
  const listen = (message: unknown) => received.push(message as (typeof received)[number]);
  subscribe(STATS_CHANNEL, listen);
  await sendTokens(600);
  unsubscribe(STATS_CHANNEL, listen);
  expect(received[0]).toMatchObject({
    handler: "Recorder",
    stats: { overhead: { sampledCalls: expect.any(Number) } },
  });
  const { length } = received;
  await sendTokens(600);
  expect(received).toHaveLength(length);
});
