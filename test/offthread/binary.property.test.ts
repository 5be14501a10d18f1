import { types } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { AsyncCallbackManager, offThread } from "../../src/index.ts";
import type { Describing } from "../fixtures/handlers/values.ts";
import { describeBinary } from "../fixtures/handlers/values.ts";
import { fixture } from "../fixtures/modules.ts";

const CLASSES = [
  Buffer,
  DataView,
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
] as const;

type Memory = "own" | "shared" | "resizable";
interface Part {
  readonly Class: (typeof CLASSES)[number] | typeof ArrayBuffer;
  readonly memory: Memory;
  readonly start: number;
  readonly count: number;
}

function memoryOf(kind: Memory, length: number): ArrayBuffer | SharedArrayBuffer {
  if (kind === "shared") return new SharedArrayBuffer(length);
  // The typings of the language version that this package compiles for have no resizable memory.
  return kind === "own"
    ? new ArrayBuffer(length)
    : Reflect.construct(ArrayBuffer, [length, { maxByteLength: 4096 }]);
}

/** A part of memory whose other bytes are others'. */
function binaryOf({ Class, memory, start, count }: Part): ArrayBufferView | ArrayBufferLike {
  const buffer = memoryOf(memory, 1024);
  const bytes = new Uint8Array(buffer);
  for (let i = 0; i < bytes.length; i += 1) bytes[i] = i * 7 + start;
  if (Class === ArrayBuffer) return buffer;
  return Class === Buffer
    ? Buffer.from(buffer, start * 8 + 3, count)
    : Reflect.construct(Class, [buffer, start * 8, count]);
}

/** As it has to arrive: in memory of its own. */
function expected(value: ArrayBufferView | ArrayBufferLike): string {
  const memory = ArrayBuffer.isView(value) ? value.byteLength : undefined;
  const text = describeBinary(value);
  return memory === undefined ? text : text.replace(/\d+$/, String(memory));
}

const part = fc.record({
  Class: fc.constantFrom(...CLASSES, ArrayBuffer),
  memory: fc.constantFrom<Memory>("own", "shared", "resizable"),
  start: fc.nat(60),
  count: fc.nat(60),
});
const event = fc.record({ parts: fc.array(part, { maxLength: 6 }), filler: fc.nat(3000) });
const options = fc.record({
  threads: fc.constantFrom(1, 2),
  ringBytes: fc.constantFrom(1024, 4096, 65_536),
  ordering: fc.constantFrom<"trace" | "none">("trace", "none"),
  acknowledge: fc.constantFrom<"handled" | "queued">("handled", "queued"),
});

test("binary data of any class and memory arrive alone, in events of any length, through any ring", async () => {
  const events = fc.array(event, { minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(options, events, async (placed, sent) => {
      const handler = await offThread<Describing>(fixture("Describing"), placed);
      const manager = new AsyncCallbackManager({ handlers: [handler] });
      const texts: string[] = [];
      for (const { parts, filler } of sent) {
        const values = parts.map(binaryOf);
        texts.push(values.map(expected).join("; "));
        const ended = (await manager.onToolStart({ name: "t" }, "x")).onToolEnd({
          values,
          filler: "x".repeat(filler),
        });
        // A change of the memory after the call does not reach the handler.
        for (const value of values)
          new Uint8Array(types.isAnyArrayBuffer(value) ? value : value.buffer).fill(255);
        await ended;
      }
      await handler.flush();
      const arrived = (await handler.remote.take()).flat();
      await handler.close();
      expect(arrived.toSorted()).toEqual(texts.toSorted());
    }),
    { numRuns: 12 },
  );
});
