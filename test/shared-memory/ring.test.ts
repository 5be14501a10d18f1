import { expect, test } from "vitest";
import { RingConsumer } from "../../src/shared-memory/consumer.ts";
import {
  ATTEMPTS_LIMIT,
  allocateRing,
  entryBytes,
  HEADER_BYTES,
  MIN_RING_BYTES,
} from "../../src/shared-memory/layout.ts";
import { bothSides, readAll, ringAt, write } from "../support/ring.ts";
import { SequenceGenerator, SequenceVerifier } from "../support/ring-sequence.ts";

test("a ring has the size that is asked for, rounded up to a power of two", () => {
  expect(allocateRing(1).byteLength).toBe(HEADER_BYTES + MIN_RING_BYTES);
  expect(allocateRing(1025).byteLength).toBe(HEADER_BYTES + 2048);
  expect(allocateRing(2048).byteLength).toBe(HEADER_BYTES + 2048);
});

test.each([
  ["from the beginning", 0],
  ["across 2^31", 2 ** 31 - 4096],
  ["across 2^32", 2 ** 32 - 4096],
])("entries of any size pass unchanged over many laps, %s", (_, position) => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const { producer, consumer } = bothSides(ringAt(position));
    const sequence = { seed, maxBodyBytes: producer.maxBodyBytes };
    const generator = new SequenceGenerator(sequence);
    const verifier = new SequenceVerifier(sequence);
    let written = 0;
    while (verifier.verified < 1000) {
      for (let at = 0; written < 1000; written += 1) {
        const size = generator.nextBytes;
        at = producer.reserve(size);
        if (at === -1) break;
        generator.write(producer.bytes.subarray(at, at + size));
        producer.commit(size);
      }
      producer.publish();
      for (const body of readAll(consumer)) verifier.verify(body);
      consumer.release();
      expect(consumer.isEmpty).toBe(true);
      expect(producer.usedBytes).toBe(0);
      expect(consumer.position).toBe(producer.position);
    }
  }
});

test("an empty ring gives no entry, and an entry that is not published is not visible", () => {
  const { producer, consumer } = bothSides();
  expect(consumer.next()).toBe(-1);
  expect(consumer.isEmpty).toBe(true);
  expect(consumer.release()).toBe(false);
  write(producer, 5, 1);
  expect(consumer.next()).toBe(-1);
  expect(consumer.isEmpty).toBe(true);
  producer.publish();
  expect(consumer.isEmpty).toBe(false);
  expect(readAll(consumer)).toEqual([new Uint8Array(5).fill(1)]);
});

test("a full ring refuses entries to the byte, and accepts exactly as much as was released", () => {
  const { producer, consumer } = bothSides();
  for (let i = 0; i < MIN_RING_BYTES / 64; i += 1) expect(write(producer, 56, i)).toBe(true);
  expect(producer.usedBytes).toBe(MIN_RING_BYTES);
  expect(write(producer, 0, 0)).toBe(false);
  producer.publish();
  const first = consumer.next();
  consumer.markDone(first);
  expect(write(producer, 0, 0)).toBe(false);
  expect(consumer.release()).toBe(true);
  expect(write(producer, 57, 99)).toBe(false);
  expect(write(producer, 56, 99)).toBe(true);
  expect(write(producer, 0, 0)).toBe(false);
  producer.publish();
  expect(readAll(consumer).map(([fill]) => fill)).toEqual([
    ...Array.from({ length: 15 }, (_, i) => i + 1),
    99,
  ]);
});

test("an entry that does not fit before the end goes to the beginning, and the filler is never read", () => {
  const { producer, consumer } = bothSides();
  for (let i = 0; i < 4; i += 1) write(producer, 232, i);
  producer.publish();
  expect(readAll(consumer).length).toBe(4);
  consumer.release();
  const rest = MIN_RING_BYTES - 4 * entryBytes(232);
  expect(rest).toBe(64);
  write(producer, 100, 7);
  expect(producer.usedBytes).toBe(rest + entryBytes(100));
  producer.publish();
  const at = consumer.next();
  expect(at).toBe(8);
  expect(consumer.bodyBytes).toBe(100);
  consumer.markDone(at);
  consumer.release();
  expect(consumer.isEmpty).toBe(true);
});

test("commit cuts an entry to its real length, and the next one follows it", () => {
  const { producer, consumer } = bothSides();
  write(producer, 3, 1, 200);
  write(producer, 0, 0, 100);
  write(producer, 17, 3);
  expect(producer.usedBytes).toBe(entryBytes(3) + entryBytes(0) + entryBytes(17));
  producer.publish();
  expect(readAll(consumer).map((body) => body.length)).toEqual([3, 0, 17]);
});

test("the largest body fits at every position of the ring", () => {
  for (let position = 0; position < MIN_RING_BYTES; position += 8) {
    const { producer, consumer } = bothSides(ringAt(position));
    expect(write(producer, producer.maxBodyBytes, 1)).toBe(true);
    producer.publish();
    expect(readAll(consumer).length).toBe(1);
  }
});

test("space is released in the order of the entries, in whatever order they are done", () => {
  const { producer, consumer } = bothSides();
  for (let i = 0; i < 4; i += 1) write(producer, 56, i);
  producer.publish();
  const [a, b, c, d] = [consumer.next(), consumer.next(), consumer.next(), consumer.next()];
  consumer.markDone(c);
  consumer.markDone(b);
  expect(consumer.release()).toBe(false);
  expect(consumer.released).toBe(0);
  consumer.markDone(a);
  expect(consumer.release()).toBe(true);
  expect(consumer.released).toBe(3 * 64);
  expect(producer.released).toBe(3 * 64);
  consumer.markDone(d);
  expect(consumer.release()).toBe(true);
  expect(consumer.isEmpty).toBe(true);
});

test("a consumer that takes over finds exactly the entries that are not done, with their attempts", () => {
  const { buffer, producer, consumer } = bothSides();
  for (let i = 0; i < 6; i += 1) write(producer, 10, i);
  producer.publish();
  const offsets = Array.from({ length: 5 }, () => consumer.next());
  for (const [i, at] of offsets.entries()) {
    for (let attempt = 0; attempt < i; attempt += 1) consumer.begin(at);
    if (i === 0 || i === 2) consumer.markDone(at);
  }
  consumer.release();
  write(producer, 10, 6);
  producer.publish();
  const successor = new RingConsumer(buffer);
  const found: { fill: number | undefined; attempts: number }[] = [];
  for (let at = successor.next(); at !== -1; at = successor.next()) {
    found.push({ fill: successor.bytes[at], attempts: successor.attempts(at) });
    successor.markDone(at);
  }
  expect(found).toEqual([
    { fill: 1, attempts: 1 },
    { fill: 3, attempts: 3 },
    { fill: 4, attempts: 4 },
    { fill: 5, attempts: 0 },
    { fill: 6, attempts: 0 },
  ]);
  successor.release();
  expect(successor.isEmpty).toBe(true);
});

test("a count of attempts never reads as done", () => {
  const { producer, consumer } = bothSides();
  write(producer, 1, 1);
  producer.publish();
  const at = consumer.next();
  for (let i = 0; i < 300; i += 1) consumer.begin(at);
  expect(consumer.attempts(at)).toBe(ATTEMPTS_LIMIT);
  expect(consumer.release()).toBe(false);
});
