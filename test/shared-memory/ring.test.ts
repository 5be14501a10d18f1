import fc from "fast-check";
import { expect, test } from "vitest";
import { RingConsumer } from "../../src/shared-memory/consumer.ts";
import {
  ATTEMPTS_LIMIT,
  allocateRing,
  entryBytes,
  HEADER_BYTES,
  MIN_RING_BYTES,
  RELEASED,
  WRITTEN,
} from "../../src/shared-memory/layout.ts";
import { RingProducer } from "../../src/shared-memory/producer.ts";
import { SequenceGenerator, SequenceVerifier } from "../support/ring-sequence.ts";

/** A ring whose two positions are `position`, as after that many bytes. */
function ringAt(position: number, minBytes = MIN_RING_BYTES): SharedArrayBuffer {
  const buffer = allocateRing(minBytes);
  const words = new Int32Array(buffer);
  words[WRITTEN] = position | 0;
  words[RELEASED] = position | 0;
  return buffer;
}

function bothSides(buffer = allocateRing(MIN_RING_BYTES)) {
  return { buffer, producer: new RingProducer(buffer), consumer: new RingConsumer(buffer) };
}

/** Writes an entry whose bytes all are `fill`. Returns whether there was room. */
function write(producer: RingProducer, bodyBytes: number, fill: number, reserveBytes = bodyBytes): boolean {
  const at = producer.reserve(reserveBytes);
  if (at === -1) return false;
  producer.bytes.fill(fill, at, at + bodyBytes);
  producer.commit(bodyBytes);
  return true;
}

function readAll(consumer: RingConsumer): Uint8Array[] {
  const bodies: Uint8Array[] = [];
  for (let at = consumer.next(); at !== -1; at = consumer.next()) {
    bodies.push(consumer.bytes.slice(at, at + consumer.bodyBytes));
    consumer.markDone(at);
  }
  return bodies;
}

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

/** A ring as it should be: its entries in order, with their states. */
interface Model {
  readonly records: {
    readonly fill: number;
    readonly bodyBytes: number;
    at: number;
    state: "new" | "given" | "done";
  }[];
  published: number;
  /** Entries that this consumer's `next` has passed. */
  passed: number;
  fill: number;
}
interface Real {
  readonly producer: RingProducer;
  consumer: RingConsumer;
  readonly buffer: SharedArrayBuffer;
}
type RingCommand = fc.Command<Model, Real>;

class WriteCommand implements RingCommand {
  readonly bodyBytes: number;
  readonly spareBytes: number;

  constructor(bodyBytes: number, spareBytes: number) {
    this.bodyBytes = bodyBytes;
    this.spareBytes = spareBytes;
  }
  check = () => true;
  run(model: Model, { producer }: Real): void {
    const reserve = Math.min(this.bodyBytes + this.spareBytes, producer.maxBodyBytes);
    const bodyBytes = Math.min(this.bodyBytes, reserve);
    const fill = (model.fill + 1) & 0xff;
    if (!write(producer, bodyBytes, fill, reserve)) {
      // Refused only if it does not fit, even with a filler that takes all space but that of one entry.
      const free = producer.capacity - producer.usedBytes;
      expect(free).toBeLessThan(2 * entryBytes(reserve));
      return;
    }
    model.fill = fill;
    model.records.push({ fill, bodyBytes, at: -1, state: "new" });
  }
  toString = () => `write(${this.bodyBytes}+${this.spareBytes})`;
}

class PublishCommand implements RingCommand {
  check = () => true;
  run(model: Model, { producer }: Real): void {
    producer.publish();
    model.published = model.records.length;
  }
  toString = () => "publish";
}

class NextCommand implements RingCommand {
  check = () => true;
  run(model: Model, { consumer }: Real): void {
    const due = model.records.findIndex(({ state }) => state === "new");
    const at = consumer.next();
    const record = due >= 0 && due < model.published ? model.records[due] : undefined;
    model.passed = record === undefined ? model.published : due + 1;
    if (record === undefined) {
      expect(at).toBe(-1);
      return;
    }
    expect(consumer.bodyBytes).toBe(record.bodyBytes);
    record.at = at;
    record.state = "given";
  }
  toString = () => "next";
}

class DoneCommand implements RingCommand {
  readonly which: number;

  constructor(which: number) {
    this.which = which;
  }
  check = ({ records }: Readonly<Model>) => records.some(({ state }) => state === "given");
  run(model: Model, { consumer }: Real): void {
    const given = model.records.filter(({ state }) => state === "given");
    const record = given[this.which % given.length];
    if (record === undefined) throw new Error("no entry is given");
    const body = consumer.bytes.subarray(record.at, record.at + record.bodyBytes);
    expect(body.every((byte) => byte === record.fill)).toBe(true);
    consumer.markDone(record.at);
    record.state = "done";
  }
  toString = () => `done(${this.which})`;
}

class ReleaseCommand implements RingCommand {
  check = () => true;
  run(model: Model, { consumer, producer }: Real): void {
    consumer.release();
    while (model.passed > 0 && model.records[0]?.state === "done") {
      model.records.shift();
      model.published -= 1;
      model.passed -= 1;
    }
    const least = model.records.reduce((sum, { bodyBytes }) => sum + entryBytes(bodyBytes), 0);
    expect(producer.usedBytes).toBeGreaterThanOrEqual(least);
    if (model.records.length === 0) expect(consumer.isEmpty).toBe(true);
  }
  toString = () => "release";
}

class TakeOverCommand implements RingCommand {
  check = () => true;
  run(model: Model, real: Real): void {
    real.consumer = new RingConsumer(real.buffer);
    model.passed = 0;
    for (const record of model.records) if (record.state === "given") record.state = "new";
  }
  toString = () => "takeOver";
}

test("the ring behaves as an array does, in whatever order entries are written, published, read, done and released", () => {
  const commands = fc.commands(
    [
      fc.tuple(fc.nat(248), fc.nat(60)).map(([bodyBytes, spare]) => new WriteCommand(bodyBytes, spare)),
      fc.tuple(fc.nat(30), fc.nat(10)).map(([bodyBytes, spare]) => new WriteCommand(bodyBytes, spare)),
      fc.constant(new PublishCommand()),
      fc.constant(new NextCommand()),
      fc.nat(20).map((which) => new DoneCommand(which)),
      fc.constant(new ReleaseCommand()),
      fc.constant(new TakeOverCommand()),
    ],
    { maxCommands: 200, size: "max" },
  );
  const positions = fc.constantFrom(0, 1000, 2 ** 31 - 512, 2 ** 32 - 512);
  fc.assert(
    fc.property(commands, positions, (steps, position) => {
      fc.modelRun(
        () => ({
          model: { records: [], published: 0, passed: 0, fill: 0 },
          real: bothSides(ringAt(position)),
        }),
        steps,
      );
    }),
    { numRuns: 300 },
  );
});
