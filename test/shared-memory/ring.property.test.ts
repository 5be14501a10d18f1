import fc from "fast-check";
import { expect, test } from "vitest";
import { RingConsumer } from "../../src/shared-memory/consumer.ts";
import { entryBytes } from "../../src/shared-memory/layout.ts";
import type { RingProducer } from "../../src/shared-memory/producer.ts";
import { bothSides, ringAt, write } from "../support/ring.ts";

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
