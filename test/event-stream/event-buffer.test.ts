import fc from "fast-check";
import { expect, test } from "vitest";
import { EventBuffer } from "../../src/event-stream/event-buffer.ts";
import { isPending, settleTasks } from "../support/tasks.ts";

const DONE = { done: true, value: undefined };
const item = (value: number) => ({ done: false, value });

test("items come out in order, whether the reader or the writer is first", async () => {
  const buffer = new EventBuffer<number>(2);
  const readers = [buffer.next(), buffer.next()];
  for (const each of [1, 2, 3, 4]) expect(buffer.push(each)).toBeUndefined();
  expect(await Promise.all([...readers, buffer.next(), buffer.next()])).toEqual([1, 2, 3, 4].map(item));
});

test("a writer without space waits until the reader has made some, and keeps its place", async () => {
  const buffer = new EventBuffer<number>(1);
  expect(buffer.push(1)).toBeUndefined();
  const second = buffer.push(2) ?? Promise.reject(new Error("no waiting"));
  const third = buffer.push(3) ?? Promise.reject(new Error("no waiting"));
  expect(await isPending(second)).toBe(true);
  expect(await buffer.next()).toEqual(item(1));
  await second;
  expect(await isPending(third)).toBe(true);
  expect(await buffer.next()).toEqual(item(2));
  await third;
  expect(await buffer.next()).toEqual(item(3));
});

test("closing keeps the items, releases waiting writers, and drops later items", async () => {
  const buffer = new EventBuffer<number>(1);
  void buffer.push(1);
  const waiting = buffer.push(2);
  buffer.close({});
  await waiting;
  expect(buffer.push(3)).toBeUndefined();
  expect([await buffer.next(), await buffer.next()]).toEqual([item(1), item(2)]);
  expect([await buffer.next(), await buffer.next()]).toEqual([DONE, DONE]);
});

test.each([true, false])("an error comes once, after the items (a reader waits: %s)", async (isWaiting) => {
  const buffer = new EventBuffer<number>(1);
  const error = new Error("broken");
  const early = isWaiting ? [buffer.next(), buffer.next(), buffer.next()] : [];
  void buffer.push(1);
  buffer.close({ error });
  buffer.close({ error: new Error("too late") });
  const reads = isWaiting ? early : [buffer.next(), buffer.next(), buffer.next()];
  expect(await Promise.allSettled(reads)).toEqual([
    { status: "fulfilled", value: item(1) },
    { status: "rejected", reason: error },
    { status: "fulfilled", value: DONE },
  ]);
});

test("an error may be undefined", async () => {
  const buffer = new EventBuffer<number>(1);
  buffer.close({ error: undefined });
  await expect(buffer.next()).rejects.toBeUndefined();
});

test("discarding drops the items and an error, and releases waiting writers and readers", async () => {
  const buffer = new EventBuffer<number>(1);
  void buffer.push(1);
  const waiting = buffer.push(2);
  buffer.close({ error: new Error("nobody cares") });
  buffer.discard();
  await waiting;
  expect(buffer.push(3)).toBeUndefined();
  expect(await buffer.next()).toEqual(DONE);
  const empty = new EventBuffer<number>(1);
  const reader = empty.next();
  empty.discard();
  expect(await reader).toEqual(DONE);
});

test("every item arrives once and in order, for any capacity and any turns of writers and readers", async () => {
  const turns = fc.array(fc.constantFrom("write", "read"), { maxLength: 200 });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 5 }), turns, async (capacity, order) => {
      const buffer = new EventBuffer<number>(capacity);
      const reads: Promise<IteratorResult<number, undefined>>[] = [];
      let admitted = 0;
      let written = 0;
      for (const turn of order) {
        if (turn === "read") {
          reads.push(buffer.next());
          continue;
        }
        written += 1;
        const waiting = buffer.push(written);
        const note = () => {
          admitted += 1;
        };
        if (waiting === undefined) note();
        else void waiting.then(note);
        await settleTasks(1);
        expect(admitted).toBeLessThanOrEqual(reads.length + capacity);
      }
      await settleTasks(1);
      expect(admitted).toBe(Math.min(written, reads.length + capacity));
      buffer.close({});
      const rest = Array.from({ length: written }, () => buffer.next());
      const values = (await Promise.all([...reads, ...rest])).flatMap(({ done, value }) =>
        done ? [] : value,
      );
      expect(values).toEqual(Array.from({ length: written }, (_, i) => i + 1));
    }),
    { numRuns: 50 },
  );
});
