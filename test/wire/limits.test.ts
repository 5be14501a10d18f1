import { expect, test } from "vitest";
import { EVENT_INFO } from "../../src/core/events.ts";
import { resolveLimits, type ValueLimits } from "../../src/values/limits.ts";
import { StandIn, type StandInReason } from "../../src/values/stand-in.ts";
import { decodeValue, encodeValue } from "../../src/wire/codec.ts";
import { decodeRecord, encodeFields, runOf } from "../../src/wire/records.ts";
import { record } from "../support/records.ts";

function cross(value: unknown, limits: ValueLimits = {}): unknown {
  return decodeValue(encodeValue(value, resolveLimits(limits)).slice());
}

function standIn(text: unknown, reason: StandInReason = "too large"): unknown {
  return expect.objectContaining({ constructor: StandIn, reason, text });
}

test("each limit cuts where it is reached, and the stand-in gives what and how much is missing", () => {
  const keys = { a: 1, b: 2, c: 3, d: 4 };
  expect(cross(keys, { keys: 2 })).toEqual({ a: 1, b: 2, "…": standIn("2 more keys") });
  expect(cross(new Map(Object.entries(keys)), { keys: 3 })).toEqual(
    new Map<string, unknown>([
      ["a", 1],
      ["b", 2],
      ["c", 3],
      ["…", standIn("1 more entry")],
    ]),
  );
  expect(cross([1, 2, 3, 4, 5], { elements: 3 })).toEqual([1, 2, 3, standIn("2 more elements")]);
  const [one, rest] = cross(new Set([1, 2, 3]), { elements: 1 }) as Set<unknown> as unknown as [
    unknown,
    unknown,
  ];
  expect([one, rest]).toEqual([1, standIn("2 more values")]);
  expect(cross([[1], [2], [3]], { objects: 2 })).toEqual([
    [1],
    standIn("1 more object"),
    standIn("1 more element"),
  ]);
  expect(cross({ a: { b: { c: 1 } } }, { depth: 2 })).toEqual({ a: { b: standIn("", "too deep") } });
  expect(cross([10n ** 15n, 10n ** 15n, 1], { digits: 20 })).toEqual([
    10n ** 15n,
    standIn("bigint of up to 20 digits"),
    1,
  ]);
  expect(cross(["é".repeat(600), 1], { bytes: 1024 })).toEqual([standIn("text of 600 characters"), 1]);
  expect(cross([new Float64Array(200), 1], { bytes: 1024 })).toEqual([
    standIn("Float64Array of 1600 bytes"),
    1,
  ]);
});

test("a value that reaches a limit is whole, one beyond it is cut", () => {
  const value = { a: [{ b: 1 }, new Map([[1, [2]]])], c: new Set([[3]]), d: [] };
  // The built-in classes count as three objects each.
  const needed: ValueLimits = { keys: 5, elements: 5, objects: 12, depth: 4, digits: 20 };
  expect(cross(value, needed)).toEqual(value);
  for (const limit of ["keys", "elements", "objects", "depth"] as const) {
    const limits = { ...needed, [limit]: (needed[limit] ?? 0) - 1 };
    expect([limit, cross(value, limits)]).not.toEqual([limit, value]);
  }
  const longest = 10n ** 20n - 1n;
  expect(cross([longest, 1n], { digits: 21 })).toEqual([longest, 1n]);
  expect(cross(-longest, { digits: 20 })).toBe(-longest);
  expect(cross([longest, 1n], { digits: 20 })).toEqual([longest, standIn(expect.any(String))]);
  expect(cross(longest + 1n, { digits: 20 })).toEqual(standIn(expect.any(String)));
});

test("parts that throw count as several objects, since making their errors takes time", () => {
  let thrown = 0;
  const fail = () => {
    thrown += 1;
    throw new Error("no");
  };
  const getter = Object.defineProperty({}, "a", { get: fail, enumerable: true });
  for (const part of [getter, { toJSON: fail }]) {
    thrown = 0;
    cross(
      Array.from({ length: 1000 }, () => part),
      { objects: 1000 },
    );
    expect([thrown > 50, thrown <= 101]).toEqual([true, true]);
  }
});

test("a text counts each time that it occurs", () => {
  const text = "x".repeat(400);
  expect(cross([text, text, text, text], { bytes: 1024 })).toEqual([
    text,
    text,
    standIn("text of 400 characters"),
    standIn("text of 400 characters"),
  ]);
});

test("the length of a text is looked at before the text: a rope beyond any memory is cut at once", () => {
  let rope = "x".repeat(2 ** 20);
  for (let i = 0; i < 8; i += 1) rope += rope;
  expect(cross([rope])).toEqual([standIn(`text of ${2 ** 28} characters`)]);
  expect(cross(10n ** 1_000_000n)).toEqual(standIn("bigint of up to 1262612 digits"));
});

test("depth counts over all kinds of nesting", () => {
  let value: unknown = 1;
  for (let i = 0; i < 100; i += 1) value = [{ a: new Map([[1, new Error("x", { cause: value })]]) }];
  let levels = 0;
  const inner = (each: unknown): unknown => {
    if (each instanceof Error) return each.cause;
    return each instanceof Map ? each.get(1) : Object.values(each as object)[0];
  };
  let arrived = cross(value);
  for (; !(arrived instanceof StandIn); levels += 1) arrived = inner(arrived);
  expect([levels, arrived.reason]).toEqual([100, "too deep"]);
});

test("a limit that one field reaches leaves the others in their places, and ids whole", () => {
  const info = EVENT_INFO.on_tool_start;
  const inputs = Array.from({ length: 50 }, (_, i) => i);
  const start = record("on_tool_start", "run", { serialized: null, input: "x", inputs, toolCallId: "call" });
  const bytes = encodeFields(info, start, resolveLimits({ elements: 10 })).slice();
  const arrived = decodeRecord(info, runOf(start), 1, bytes);
  expect(arrived).toMatchObject({ input: "x", toolCallId: "call" });
  expect(Reflect.get(arrived, "inputs")).toHaveLength(11);
});

test("getters and proxies are read once", () => {
  let reads = 0;
  const getter = {
    a: undefined,
    get value() {
      reads += 1;
      return { map: new Map([[1, undefined]]) };
    },
  };
  cross([getter, () => 1]);
  expect(reads).toBe(1);
  const traps: string[] = [];
  const proxy = new Proxy(
    { a: 1 },
    {
      get: (target, key, receiver) => {
        traps.push(String(key));
        return Reflect.get(target, key, receiver);
      },
    },
  );
  expect(cross({ proxy, fn: () => 1 })).toMatchObject({ proxy: { a: 1 } });
  expect(traps.filter((key) => key === "a")).toEqual(["a"]);
});
