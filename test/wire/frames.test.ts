import fc from "fast-check";
import { expect, test } from "vitest";
import {
  EVENT,
  FRAGMENT,
  FRAME_HEAD_BYTES,
  LATIN1_TOKEN,
  maxTextBytes,
  RUN,
  readHead,
  readKind,
  TextReader,
  UTF16_TOKEN,
  writeHead,
  writeTimestamp,
  writeToken,
} from "../../src/wire/frames.ts";

const MEMORY_BYTES = 4096;
const SENTINEL = 0xee;

function memory() {
  const bytes = new Uint8Array(MEMORY_BYTES).fill(SENTINEL);
  return { bytes, data: new DataView(bytes.buffer) };
}

function expectUntouched(bytes: Uint8Array, start: number, end: number): void {
  expect(bytes.subarray(0, start).every((byte) => byte === SENTINEL)).toBe(true);
  expect(bytes.subarray(end).every((byte) => byte === SENTINEL)).toBe(true);
}

test("a head is read as it was written, at any offset, and takes 16 bytes", () => {
  const head = fc.record({
    kind: fc.constantFrom(RUN, EVENT, LATIN1_TOKEN, UTF16_TOKEN, FRAGMENT),
    code: fc.nat(255),
    flags: fc.nat(255),
    runNumber: fc.nat(0xffffffff),
    timestamp: fc.double({ noNaN: true }),
  });
  fc.assert(
    fc.property(head, fc.nat(MEMORY_BYTES - FRAME_HEAD_BYTES), (written, at) => {
      const frame = memory();
      writeHead(frame, at, written);
      expect(readHead(frame, at)).toEqual(written);
      expect(readKind(frame, at)).toBe(written.kind);
      expectUntouched(frame.bytes, at, at + FRAME_HEAD_BYTES);
    }),
  );
});

function crossText(text: string, at: number): { kind: number; text: string; textBytes: number } {
  const frame = memory();
  const textBytes = writeToken(frame, at, text, 7);
  writeTimestamp(frame, at, 1.5);
  const kind = readKind(frame, at);
  expect(readHead(frame, at)).toEqual({ kind, code: 3, flags: 0, runNumber: 7, timestamp: 1.5 });
  expectUntouched(frame.bytes, at, at + FRAME_HEAD_BYTES + maxTextBytes(text));
  const start = at + FRAME_HEAD_BYTES;
  return { kind, textBytes, text: new TextReader(frame).read(kind, start, textBytes, start + textBytes) };
}

test("every UTF-16 unit is read as it was written, lone surrogates too: one byte up to U+00FF, else two", () => {
  const frame = memory();
  const reader = new TextReader(frame);
  const changed: number[] = [];
  for (let unit = 0; unit <= 0xffff; unit += 1) {
    const text = String.fromCharCode(unit);
    const textBytes = writeToken(frame, 0, text, 0);
    reader.refresh();
    const kind = readKind(frame, 0);
    const isAsExpected =
      unit <= 0xff ? kind === LATIN1_TOKEN && textBytes === 1 : kind === UTF16_TOKEN && textBytes === 2;
    if (!isAsExpected || reader.read(kind, FRAME_HEAD_BYTES, textBytes, MEMORY_BYTES) !== text)
      changed.push(unit);
  }
  expect(changed).toEqual([]);
});

test("any text is read as it was written, at even and odd offsets", () => {
  const units = fc.array(fc.oneof(fc.nat(0xff), fc.nat(0xffff), fc.integer({ min: 0xd800, max: 0xdfff })), {
    maxLength: 900,
  });
  const text = units.map((each) => String.fromCharCode(...each));
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), text), fc.nat(64), (each, at) => {
      expect(crossText(each, at).text).toBe(each);
    }),
    { numRuns: 500 },
  );
});

test("consecutive texts of any length and kind are read through one window", () => {
  const texts = fc.array(
    fc.oneof(fc.string({ maxLength: 20 }), fc.string({ unit: "binary", maxLength: 20 })),
    {
      maxLength: 60,
    },
  );
  fc.assert(
    fc.property(texts, fc.nat(64), (each, gap) => {
      const frame = memory();
      const reader = new TextReader(frame);
      const places: { at: number; textBytes: number }[] = [];
      let at = gap;
      for (const text of each) {
        if (at + FRAME_HEAD_BYTES + maxTextBytes(text) > MEMORY_BYTES) break;
        places.push({ at, textBytes: writeToken(frame, at, text, 0) });
        at += FRAME_HEAD_BYTES + maxTextBytes(text);
      }
      const read = places.map(({ at: place, textBytes }) =>
        reader.read(readKind(frame, place), place + FRAME_HEAD_BYTES, textBytes, at),
      );
      expect(read).toEqual(each.slice(0, places.length));
    }),
    { numRuns: 300 },
  );
});

test("a reader sees later writes after a refresh", () => {
  const frame = memory();
  const reader = new TextReader(frame);
  const cross = (text: string) => {
    const textBytes = writeToken(frame, 0, text, 0);
    return reader.read(readKind(frame, 0), FRAME_HEAD_BYTES, textBytes, MEMORY_BYTES);
  };
  expect(cross("one")).toBe("one");
  reader.refresh();
  expect(cross("two")).toBe("two");
});
