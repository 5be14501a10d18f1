import { writeFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Line, readLines } from "../../src/batch/lines.ts";
import { scratch } from "../fixtures/scratch.ts";

const path = scratch();
const NEVER = new AbortController().signal;

async function linesOf(bytes: string | Uint8Array): Promise<Line[]> {
  const file = path("lines.jsonl");
  writeFileSync(file, bytes);
  const lines: Line[] = [];
  for await (const line of readLines(file, NEVER)) lines.push(line);
  return lines;
}

test("numbers lines from 1 and leaves out blank ones", async () => {
  expect(await linesOf("a\n\n  \nb\n")).toEqual([
    { number: 1, text: "a" },
    { number: 4, text: "b" },
  ]);
});

test("an empty file has no lines", async () => {
  expect(await linesOf("")).toEqual([]);
});

test("accepts CRLF, a byte order mark and a missing last line break", async () => {
  expect(await linesOf("\ufeffa\r\n\r\nb\r\nc")).toEqual([
    { number: 1, text: "a" },
    { number: 3, text: "b" },
    { number: 4, text: "c" },
  ]);
});

test("a line that is not UTF-8 is a problem of its own", async () => {
  const bytes = Buffer.concat([Buffer.from("a\n"), Buffer.from([0xff, 0xfe, 0x0a]), Buffer.from("b")]);
  expect(await linesOf(bytes)).toEqual([
    { number: 1, text: "a" },
    { number: 2, problem: "it is not UTF-8" },
    { number: 3, text: "b" },
  ]);
});

test("a line of 10 MB arrives whole; one above the limit is a problem, and the next is read", async () => {
  const long = "é".repeat(5 * 1024 * 1024);
  expect(await linesOf(`${long}\nb`)).toEqual([
    { number: 1, text: long },
    { number: 2, text: "b" },
  ]);
  const [tooLong, next] = await linesOf(
    Buffer.concat([Buffer.alloc((64 << 20) + 1, "x"), Buffer.from("\nb")]),
  );
  expect(tooLong).toMatchObject({ number: 1, problem: expect.stringContaining("longer than") });
  expect(next).toEqual({ number: 2, text: "b" });
});

test("lines arrive unchanged wherever the chunks of the file end", async () => {
  const texts = fc.array(fc.string({ unit: "binary" }).map((text) => text.replace(/[\r\n]/g, "")));
  await fc.assert(
    fc.asyncProperty(texts, fc.integer({ min: 0, max: 70_000 }), async (list, padding) => {
      const all = ["x".repeat(padding), ...list.filter((text) => !text.startsWith("\ufeff"))];
      const lines = await linesOf(all.join("\n"));
      const expected = all
        .map((text, i) => ({ number: i + 1, text }))
        .filter(({ text }) => text.trim() !== "");
      expect(lines).toEqual(expected);
    }),
    { numRuns: 50 },
  );
});

test("stops without an error when the signal is aborted", async () => {
  const file = path("many.jsonl");
  writeFileSync(file, "line\n".repeat(200_000));
  const stop = new AbortController();
  let read = 0;
  for await (const _ of readLines(file, stop.signal)) {
    read += 1;
    if (read === 10) stop.abort();
  }
  expect(read).toBeLessThan(200_000);
});
