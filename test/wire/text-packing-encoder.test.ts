import { decode, Encoder } from "@msgpack/msgpack";
import fc from "fast-check";
import { expect, test } from "vitest";
import { TextPackingEncoder } from "../../src/wire/text-packing-encoder.ts";

const SIZES = [0, 1, 50, 51, 500, 680, 681, 682, 2_040, 2_043, 2_044, 5_000, 70_000];

test("consecutive texts of any length and script are decoded as they were encoded", () => {
  const text = fc
    .tuple(fc.constantFrom("x", "é", "日", "🙂"), fc.constantFrom(...SIZES), fc.string())
    .map(([unit, count, rest]) => unit.repeat(count) + rest);
  const encoder = new TextPackingEncoder({});
  fc.assert(
    fc.property(
      fc.array(fc.oneof(text, fc.dictionary(text, text, { maxKeys: 2 })), { maxLength: 6 }),
      (texts) => {
        const bytes = encoder.encodeSharedRef(texts).slice();
        expect(JSON.stringify(decode(bytes))).toBe(JSON.stringify(texts));
      },
    ),
    { numRuns: 200 },
  );
});

test("lone surrogates become what they become in msgpack itself", () => {
  const texts = ["\ud800".repeat(700), `${"x".repeat(2_040)}\udc00`, `\ud83d${"y".repeat(60)}`];
  const encode = (encoder: Pick<Encoder, "encodeSharedRef">) =>
    decode(encoder.encodeSharedRef(texts).slice());
  expect(encode(new TextPackingEncoder({}))).toEqual(encode(new Encoder()));
});

test("long texts are written by the subclass, short ones by msgpack", () => {
  const encoder = new TextPackingEncoder({});
  expect(encoder.encodeSharedRef("x".repeat(51))[0]).toBe(0xdb);
  expect(encoder.encodeSharedRef("x".repeat(50))[0]).toBe(0xd9);
});
