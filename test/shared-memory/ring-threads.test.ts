import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { RingConsumer } from "../../src/shared-memory/consumer.ts";
import { allocateRing, NAPPING, SLEEPING } from "../../src/shared-memory/layout.ts";
import { RingProducer } from "../../src/shared-memory/producer.ts";
import type { RingTask } from "../fixtures/ring-worker.ts";
import { bothSides } from "../support/ring.ts";
import { SequenceGenerator } from "../support/ring-sequence.ts";
import { isPending, settleTasks } from "../support/tasks.ts";

const WORKER = new URL("../fixtures/ring-worker.js", import.meta.url);

/** Sends a sequence through a ring to a worker that verifies it. Resolves with the number of times that the worker waited. */
async function send(
  task: Omit<RingTask, "buffer" | "maxBodyBytes">,
  ringBytes: number,
  burst: number,
): Promise<number> {
  const buffer = allocateRing(ringBytes);
  const producer = new RingProducer(buffer);
  const sequence = { seed: task.seed, maxBodyBytes: producer.maxBodyBytes };
  const workerData: RingTask = { ...task, ...sequence, buffer };
  const worker = new Worker(WORKER, { workerData });
  const report = once(worker, "message") as Promise<[number]>;
  const generator = new SequenceGenerator(sequence);
  for (let record = 0; record < task.records; record += 1) {
    const size = generator.nextBytes;
    let at = producer.reserve(size);
    while (at === -1) {
      producer.publish();
      producer.wake(NAPPING);
      await producer.space(size);
      at = producer.reserve(size);
    }
    generator.write(producer.bytes.subarray(at, at + size));
    producer.commit(size);
    if (record % burst !== burst - 1 && record < task.records - 1) continue;
    producer.publish();
    producer.wake(task.state === "napping" ? NAPPING : SLEEPING);
  }
  const [wakeUps] = await report;
  await worker.terminate();
  return wakeUps;
}

test.each([
  { seed: 1, groupSize: 1, state: "sleeping", burst: 1 },
  { seed: 2, groupSize: 1, state: "napping", burst: 1 },
  { seed: 3, groupSize: 3, state: "sleeping", burst: 7 },
  { seed: 4, groupSize: 2, state: "napping", burst: 3 },
] as const)(
  "a tiny ring loses no entry and no wake-up between two threads over thousands of laps: %o",
  async (given) => {
    const { burst, ...task } = given;
    expect(await send({ ...task, records: 20_000 }, 1024, burst)).toBeGreaterThan(0);
  },
);

test("a larger ring passes the sequence between two threads unchanged", async () => {
  await send({ seed: 5, groupSize: 20, state: "sleeping", records: 20_000 }, 64 * 1024, 50);
});

test("each side waits for the other at every entry", async () => {
  // One entry at a time, published only once the one before is released: every entry costs a wake-up on either side.
  const buffer = allocateRing(1024);
  const producer = new RingProducer(buffer);
  const sequence = { seed: 6, maxBodyBytes: producer.maxBodyBytes };
  const workerData: RingTask = { ...sequence, buffer, records: 3000, groupSize: 1, state: "sleeping" };
  const worker = new Worker(WORKER, { workerData });
  const report = once(worker, "message");
  const generator = new SequenceGenerator(sequence);
  for (let record = 0; record < 3000; record += 1) {
    const size = generator.nextBytes;
    while (producer.usedBytes > 0) await producer.space(producer.capacity / 2 - 8);
    const at = producer.reserve(size);
    expect(at).not.toBe(-1);
    generator.write(producer.bytes.subarray(at, at + size));
    producer.commit(size);
    producer.publish();
    producer.wake(NAPPING);
  }
  await report;
  await worker.terminate();
});

function write(producer: RingProducer, bodyBytes: number): void {
  expect(producer.reserve(bodyBytes)).not.toBe(-1);
  producer.commit(bodyBytes);
  producer.publish();
}

test("wait resolves at once if the ring has an entry", async () => {
  const { producer, consumer } = bothSides();
  write(producer, 1);
  await consumer.wait(SLEEPING, Number.POSITIVE_INFINITY);
  expect(consumer.next()).not.toBe(-1);
});

test("a napping consumer is woken only for a caller who waits, a sleeping one for every entry", async () => {
  for (const [state, from, wakes] of [
    [NAPPING, NAPPING, true],
    [NAPPING, SLEEPING, false],
    [SLEEPING, NAPPING, true],
    [SLEEPING, SLEEPING, true],
  ] as const) {
    const { producer, consumer } = bothSides();
    const waiting = consumer.wait(state, Number.POSITIVE_INFINITY);
    await settleTasks(2);
    write(producer, 1);
    producer.wake(from);
    expect(await isPending(waiting)).toBe(!wakes);
    producer.wake(NAPPING);
    await waiting;
  }
});

test("interrupt ends a consumer's own wait", async () => {
  const { consumer } = bothSides();
  const waiting = consumer.wait(SLEEPING, Number.POSITIVE_INFINITY);
  expect(await isPending(waiting)).toBe(true);
  consumer.interrupt();
  await waiting;
});

test("a consumer that takes over from one that died asleep is running, and finds the entry", async () => {
  const { buffer, producer, consumer } = bothSides();
  const abandoned = consumer.wait(SLEEPING, Number.POSITIVE_INFINITY);
  const successor = new RingConsumer(buffer);
  write(producer, 1);
  producer.wake(SLEEPING);
  expect(await isPending(abandoned)).toBe(true);
  expect(successor.next()).not.toBe(-1);
  consumer.interrupt();
  await abandoned;
});

test("space resolves when the consumer offers an eighth of the ring, or less with `any`", async () => {
  const { producer, consumer } = bothSides();
  for (let i = 0; i < 16; i += 1) write(producer, 56);
  const waiting = producer.space(56);
  expect(await isPending(waiting)).toBe(true);
  consumer.markDone(consumer.next());
  consumer.release();
  consumer.offerSpace(false);
  expect(await isPending(waiting)).toBe(true);
  consumer.offerSpace(true);
  await waiting;
  const again = producer.space(56);
  expect(await isPending(again)).toBe(true);
  consumer.markDone(consumer.next());
  consumer.release();
  consumer.offerSpace(false);
  await again;
});

test("interrupt ends a producer's own wait", async () => {
  const { producer } = bothSides();
  for (let i = 0; i < 16; i += 1) write(producer, 56);
  const waiting = producer.space(56);
  expect(await isPending(waiting)).toBe(true);
  producer.interrupt();
  await waiting;
});
