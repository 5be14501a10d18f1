import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { resolveLimits } from "../../src/values/limits.ts";
import { StandIn, type StandInReason } from "../../src/values/stand-in.ts";
import { decodeValue, encodeValue } from "../../src/wire/codec.ts";
import { anything } from "../support/anything.ts";

function cross(value: unknown): unknown {
  // Copied, as a ring copies it: the encoder reuses its memory.
  return decodeValue(encodeValue(value).slice());
}

function standIn(reason: StandInReason, text: unknown = ""): unknown {
  return expect.objectContaining({ constructor: StandIn, reason, text });
}

/** Encodes and decodes a value beside a text that msgpack would change, so that it crosses as a copy. */
function crossCopied(value: unknown): unknown {
  const [copy, fragile] = cross([value, `${"x".repeat(100)}\ud800`]) as [unknown, string];
  expect(fragile).toBe(`${"x".repeat(100)}\ud800`);
  return copy;
}

/** The promised result for a plain value: undefined properties left out, undefined elements null, no -0. */
function promised(value: unknown): unknown {
  if (value === undefined) return null;
  if (value === 0) return 0;
  if (Array.isArray(value)) return Array.from(value, promised);
  if (value instanceof Map) return new Map([...value].map(([key, each]) => [promised(key), promised(each)]));
  if (value instanceof Set) return new Set([...value].map(promised));
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return value;
  if (value instanceof Date || value instanceof RegExp || value instanceof URL) return value;
  const kept = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(kept.map(([key, each]) => [key, promised(each)]));
}

const ANYTHING = anything(4);

function expectSame(actual: unknown, expected: unknown): void {
  // Faster than toStrictEqual, which reports better.
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toStrictEqual(expected);
}

test("any tree of plain and built-in values arrives as itself, encoded at once or as a copy", () => {
  fc.assert(
    fc.property(ANYTHING, (value) => {
      const expected = promised(value);
      expectSame(cross(value), expected);
      expectSame(crossCopied(value), expected);
    }),
    { numRuns: 1000 },
  );
});

test("any text arrives to the unit, as a value, a key, in errors and in stand-ins", () => {
  const units = fc.array(fc.oneof(fc.integer({ min: 0xd7f0, max: 0xe010 }), fc.nat(0xffff)), {
    maxLength: 300,
  });
  const marks = fc.constantFrom("", "\ufeff", "\ufffd", "\ud800", "x".repeat(60), "é".repeat(120));
  const text = fc.tuple(marks, units, marks).map(([a, b, c]) => a + String.fromCharCode(...b) + c);
  fc.assert(
    fc.property(text, (each) => {
      expect(cross(each)).toBe(each);
      expect(cross([{ [each]: [each] }])).toEqual([{ [each]: [each] }]);
      expect(cross(new Map([[each, new Set([each])]]))).toEqual(new Map([[each, new Set([each])]]));
      expect(cross(new Error(each))).toMatchObject({ message: each });
      expect(cross(Symbol(each))).toEqual(standIn("symbol", each));
    }),
    { numRuns: 1000 },
  );
});

test.each([["at once", cross] as const, ["as a copy", crossCopied] as const])(
  "built-in values arrive as themselves, encoded %s",
  (_, via) => {
    for (const value of [
      NaN,
      Number.POSITIVE_INFINITY,
      Number.MIN_VALUE,
      2 ** 53,
      -(2 ** 31) - 1,
      -(10n ** 60n),
      new Date(1.7e12),
      new Date(Number.NaN),
      /a\/(b)/giu,
      new URL("https://user@example.com:8080/p?q=1#f"),
      new Map<unknown, unknown>([[{ a: 1 }, new Map([[1, [undefined]]])]]).set("__proto__", 1),
      new Set([1, "1", null]),
    ]) {
      expectSame(via(value), promised(value));
    }
  },
);

test.each([["at once", cross] as const, ["as a copy", crossCopied] as const])(
  "binary data arrive with class and content, encoded %s",
  (_, via) => {
    const shared = new SharedArrayBuffer(3);
    new Uint8Array(shared).set([1, 2, 3]);
    const whole = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    for (const view of [
      new Uint8ClampedArray([255]),
      new Int16Array(whole.buffer, 2, 3),
      new Float64Array([1.5, Number.NaN]),
      new BigInt64Array([-5n]),
      new DataView(whole.buffer, 1, 2),
      whole.buffer.slice(3, 5),
    ]) {
      expectSame(via(view), ArrayBuffer.isView(view) ? new (classOf(view))(bytesOf(view)) : view);
    }
    expectSame(via(Buffer.from("hi")), Buffer.from("hi"));
    expectSame(via(new Uint8Array(shared, 1)), new Uint8Array([2, 3]));
    expectSame(via(shared), shared);
  },
);

function classOf(view: ArrayBufferView): new (buffer: ArrayBuffer) => ArrayBufferView {
  return view.constructor as new (
    buffer: ArrayBuffer,
  ) => ArrayBufferView;
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): ArrayBuffer {
  return Uint8Array.from(new Uint8Array(buffer, byteOffset, byteLength)).buffer;
}

test.each([["at once", cross] as const, ["as a copy", crossCopied] as const])(
  "errors arrive with class, stack, cause and their own properties, encoded %s",
  (_, via) => {
    const cause = new RangeError("deep");
    const error = Object.assign(new TypeError("bad", { cause }), { status: 500, headers: { a: ["b"] } });
    const arrived = via(error);
    expect(arrived).toBeInstanceOf(TypeError);
    expect(arrived).toMatchObject({
      name: "TypeError",
      message: "bad",
      stack: error.stack,
      status: 500,
      headers: { a: ["b"] },
    });
    expect(Object.keys(arrived as TypeError)).toEqual(["status", "headers"]);
    expect((arrived as TypeError).cause).toBeInstanceOf(RangeError);
    class OwnError extends Error {
      override readonly name = "OwnError";
    }
    expect(via(new OwnError("m"))).toMatchObject({ name: "OwnError", message: "m" });
    expect(via(new AggregateError([new Error("1"), 2], "all"))).toMatchObject({
      name: "AggregateError",
      errors: [expect.objectContaining({ message: "1" }), 2],
    });
    expect(via(new DOMException("left", "AbortError"))).toMatchObject({
      name: "AbortError",
      message: "left",
    });
    const withoutStack = Object.assign(new Error("q"), { stack: undefined });
    expect((via(withoutStack) as Error).stack).toBeUndefined();
  },
);

test("errors named like a property of every object, or with strange fields, arrive as errors", () => {
  for (const name of ["constructor", "toString", "__proto__", "hasOwnProperty"]) {
    const error = Object.assign(new Error("m"), { name });
    expect(cross(error)).toBeInstanceOf(Error);
    expect(cross(error)).toMatchObject({ name, message: "m" });
  }
  expect(cross(Object.assign(new Error("m"), { name: 5, message: { a: 1 } }))).toMatchObject({ name: "5" });
  const own = Object.defineProperty(new Error("m"), "__proto__", {
    value: { isAdmin: true },
    enumerable: true,
  });
  const arrived = cross(own);
  expect(arrived).toBeInstanceOf(Error);
  expect(arrived).not.toHaveProperty("isAdmin");
});

test("values that cannot cross arrive as stand-ins that describe them", () => {
  function named() {}
  const nameless = Object.defineProperty(() => {}, "name", {
    get: () => {
      throw new Error("no");
    },
  });
  const value = {
    named,
    nameless,
    symbol: Symbol("s"),
    promise: Promise.resolve(),
    weak: new WeakMap(),
    ref: new WeakRef({}),
    kept: 1,
  };
  expect(cross(value)).toEqual({
    named: standIn("function", "named"),
    nameless: standIn("function"),
    symbol: standIn("symbol", "s"),
    promise: standIn("not cloneable", "[object Promise]"),
    weak: standIn("not cloneable", "[object WeakMap]"),
    ref: standIn("not cloneable", "[object WeakRef]"),
    kept: 1,
  });
  expect(cross(named)).toEqual(standIn("function", "named"));
  expect(JSON.stringify(cross(named))).toBe('{"standIn":"function","text":"named"}');
});

test("cycles are cut where they close, in objects, arrays, maps, sets and errors", () => {
  const object: Record<string, unknown> = { a: 1 };
  object["self"] = { object };
  expect(cross(object)).toEqual({ a: 1, self: { object: standIn("cycle") } });
  const array: unknown[] = [1];
  array.push(array);
  expect(cross(array)).toEqual([1, standIn("cycle")]);
  const map = new Map<string, unknown>();
  map.set("me", map);
  expect(cross(map)).toEqual(new Map([["me", standIn("cycle")]]));
  const set = new Set<unknown>();
  set.add([set]);
  expect([...(cross(set) as Set<unknown>)]).toEqual([[standIn("cycle")]]);
  const error: Error & { own?: unknown } = new Error("x");
  error.cause = error;
  error.own = [error];
  expect(cross(error)).toMatchObject({ message: "x", cause: standIn("cycle"), own: [standIn("cycle")] });
});

test("a part that throws when it is read is replaced alone; all others arrive", () => {
  const hostile = {
    before: 1,
    get bad() {
      throw new Error("boom");
    },
    error: Object.defineProperty(new Error("outer"), "status", {
      enumerable: true,
      get: () => {
        throw new Error("inner");
      },
    }),
    date: Object.create(Date.prototype),
    after: [2],
  };
  expect(cross(hostile)).toEqual({
    before: 1,
    bad: standIn("unreadable", "boom"),
    error: expect.objectContaining({ message: "outer", status: standIn("unreadable", "inner") }),
    date: standIn("unreadable", expect.any(String)),
    after: [2],
  });
});

test("a getter that returns another value each time changes nothing beside it", () => {
  function flipping(first: unknown, second: unknown) {
    let reads = 0;
    return {
      get value() {
        reads += 1;
        return reads % 2 === 1 ? first : second;
      },
    };
  }
  for (const [first, second] of [
    [undefined, "x"],
    ["x", undefined],
    [1, { a: [undefined] }],
    [() => {}, undefined],
  ]) {
    const [arrived, after] = cross([flipping(first, second), "after"]) as [object, unknown];
    expect(Object.keys(arrived).length).toBeLessThanOrEqual(1);
    expect(after).toBe("after");
  }
});

test("a __proto__ key arrives as a key and changes no prototype", () => {
  const value = JSON.parse('{"__proto__": {"isAdmin": true}, "b": [{"__proto__": 1}]}') as object;
  for (const arrived of [cross(value), crossCopied(value)] as { b: object[] }[]) {
    expect(JSON.stringify(arrived)).toBe(JSON.stringify(value));
    expect(Object.getPrototypeOf(arrived)).toBe(Object.prototype);
    expect("isAdmin" in arrived).toBe(false);
  }
});

test("proxies arrive with the properties that they show, revoked or throwing ones as stand-ins", () => {
  const { proxy: revoked, revoke } = Proxy.revocable({}, {});
  const { proxy: revokedFunction, revoke: revokeFunction } = Proxy.revocable(() => {}, {});
  revoke();
  revokeFunction();
  const throwing = new Proxy(
    {},
    {
      ownKeys: () => {
        throw new Error("no keys");
      },
    },
  );
  expect(
    cross({
      object: new Proxy({ a: 1 }, {}),
      array: new Proxy([1, [2]], {}),
      map: new Proxy(new Map([[1, 2]]), {}),
      date: new Proxy(new Date(), {}),
      revoked,
      revokedFunction,
      throwing,
      after: 1,
    }),
  ).toEqual({
    object: { a: 1 },
    array: [1, [2]],
    map: standIn("unreadable", expect.stringContaining("incompatible receiver")),
    date: standIn("unreadable", expect.any(String)),
    revoked: standIn("unreadable", expect.stringContaining("revoked")),
    revokedFunction: standIn("function"),
    throwing: standIn("unreadable", "no keys"),
    after: 1,
  });
});

test("a value that its class rejects on the other side is replaced alone", () => {
  const url = Object.defineProperty(new URL("http://a/"), "href", { value: "nowhere" });
  const pattern = Object.defineProperty(/a/, "source", { value: "(" });
  const error = Object.assign(new Error("outer"), { url, pattern });
  expect(cross([error, "after"])).toEqual([
    expect.objectContaining({
      message: "outer",
      url: standIn("unreadable", "Invalid URL"),
      pattern: standIn("unreadable", expect.stringContaining("Invalid regular expression")),
    }),
    "after",
  ]);
});

test("a proxied array whose length grows with every read is cut", () => {
  let length = 1;
  const growing = new Proxy([1], {
    get: (array, key) => {
      if (key !== "length") return Reflect.get(array, key);
      length += 1;
      return length;
    },
  });
  expect(cross([growing, "after"])).toEqual([expect.any(Array), "after"]);
});

test("arrays are read by their indices, whatever iterator they bring", () => {
  const iterator = { value: [][Symbol.iterator], configurable: true };
  const brokenArrays = [
    function* () {
      yield 1;
    },
    () => {
      throw new Error("no");
    },
    function* () {
      for (;;) yield 1;
    },
  ].map((broken) => Object.defineProperty([1, 2, 3], Symbol.iterator, { ...iterator, value: broken }));
  expect(cross({ brokenArrays, after: 1 })).toEqual({
    brokenArrays: brokenArrays.map(() => [1, 2, 3]),
    after: 1,
  });
  class Endless extends Map<string, number> {
    override *[Symbol.iterator](): MapIterator<[string, number]> {
      for (;;) yield ["a", 1];
    }
  }
  expect(cross(new Endless([["a", 1]]))).toEqual(new Map([["a", 1]]));
});

test("sparse arrays arrive with null in their holes", () => {
  const sparse: unknown[] = [1];
  sparse[3] = undefined;
  sparse[5] = 2;
  expect(cross(sparse)).toEqual([1, null, null, null, null, 2]);
});

test("an array too long for any memory is cut, and gives the number of missing elements", () => {
  const endless: unknown[] = [];
  endless.length = 2 ** 32 - 1;
  const [arrived, after] = cross([endless, "after"]) as [unknown[], unknown];
  expect(after).toEqual(standIn("too large", "1 more element"));
  const missing = arrived.at(-1);
  expect(missing).toEqual(standIn("too large", `${2 ** 32 - arrived.length} more elements`));
});

test("class instances arrive as plain objects with their own properties", () => {
  class Point {
    readonly x = 1;
    readonly hidden = undefined;
    #secret = 2;
    get y() {
      return this.#secret;
    }
  }
  expectSame(cross(new Point()), { x: 1 });
  expectSame(crossCopied(new Point()), { x: 1 });
});

test("nesting 10,000 deep is cut, in objects, arrays, maps and causes", () => {
  let object: unknown = 0;
  let array: unknown = 0;
  let map: unknown = 0;
  let error = new Error("innermost");
  for (let i = 0; i < 10_000; i += 1) {
    object = { a: object };
    array = [array];
    map = new Map([[1, map]]);
    error = new Error("x", { cause: error });
  }
  for (const deep of [object, array, map, error]) {
    let value = cross({ deep });
    let levels = 0;
    for (; !(value instanceof StandIn); levels += 1) value = inner(value);
    expect(value.reason).toBe("too deep");
    expect(levels).toBeGreaterThan(90);
  }
});

function inner(value: unknown): unknown {
  if (value instanceof Error) return value.cause;
  if (value instanceof Map) return value.get(1);
  return Object.values(value as object)[0];
}

test.each([
  ["objects", (child: unknown) => ({ left: child, right: child })],
  ["arrays", (child: unknown) => [child, child]],
  [
    "maps",
    (child: unknown) =>
      new Map([
        [1, child],
        [2, child],
      ]),
  ],
  ["sets", (child: unknown) => new Set([[child], [child]])],
])("a graph of shared %s that unfolds to 2^40 is cut, and what comes first arrives", (_, parent) => {
  let graph: unknown = "leaf";
  for (let i = 0; i < 40; i += 1) graph = parent(graph);
  const arrived = cross(["first", graph]) as unknown[];
  expect(arrived[0]).toBe("first");
  expect(arrived[1]).not.toBeInstanceOf(StandIn);
  expect(Object.getPrototypeOf(arrived[1])).toBe(Object.getPrototypeOf(graph));
});

test("a graph of shared errors is cut too", () => {
  let error = new Error("leaf");
  for (let i = 0; i < 40; i += 1) error = Object.assign(new Error("x", { cause: error }), { other: error });
  expect(cross(error)).toMatchObject({ message: "x", "…": standIn("too large", "1 more key") });
});

test("a text of 50 million characters is cut, and arrives where the limits allow it", () => {
  const huge = "é".repeat(50_000_000);
  expect(cross([huge, 1])).toEqual([standIn("too large", "text of 50000000 characters"), 1]);
  const arrived = decodeValue(encodeValue([huge, 1], resolveLimits({ bytes: 2 ** 27 })));
  expect(arrived).toSatisfy(([text, one]) => text === huge && one === 1);
});

test("a failed value leaves no trace in the next one", () => {
  for (let i = 0; i < 100; i += 1) {
    const cycle: unknown[] = [new Map([[1, new Set([i])]])];
    cycle.push(cycle);
    expect(cross(cycle)).toEqual([new Map([[1, new Set([i])]]), standIn("cycle")]);
    expectSame(cross({ i, map: new Map([[i, [i]]]) }), { i, map: new Map([[i, [i]]]) });
  }
});

test("a getter may encode a value in the middle of an encoding", () => {
  const outer = {
    before: new Map([[1, { a: undefined }]]),
    get nested() {
      return cross({ deep: new Map([[1, { b: undefined, c: 1 }]]) });
    },
    after: 2,
  };
  expect(cross(outer)).toEqual({
    before: new Map([[1, {}]]),
    nested: { deep: new Map([[1, { c: 1 }]]) },
    after: 2,
  });
});
