import vm from "node:vm";
import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { ChatPromptValue } from "@langchain/core/prompt_values";
import { ChatPromptTemplate } from "@langchain/core/prompts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { StandIn, type StandInReason } from "../../src/values/stand-in.ts";
import { decodeValue, encodeValue, snapshot } from "../../src/wire/codec.ts";

function cross(value: unknown): unknown {
  return decodeValue(encodeValue(value).slice());
}

function standIn(reason: StandInReason, text: unknown): unknown {
  return expect.objectContaining({ constructor: StandIn, reason, text });
}

test("binary data lie in memory of their own, whatever class they have", () => {
  const bytes = Uint8Array.from({ length: 32 }, (_, i) => i);
  const classes = [
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
    DataView,
  ];
  const makers = fc.constantFrom(...classes);
  fc.assert(
    fc.property(makers, fc.nat(2), fc.nat(2), (Class, start, count) => {
      const view = Reflect.construct(Class, [bytes.buffer, start * 8, count]) as Uint8Array;
      const arrived = cross({ view: [new Map([[1, view]])] }) as { view: [Map<number, Uint8Array>] };
      const crossed = arrived.view[0].get(1);
      expect(crossed).toStrictEqual(
        Reflect.construct(Class, [view.buffer.slice(start * 8, start * 8 + view.byteLength)]),
      );
      expect(crossed?.buffer.byteLength).toBe(view.byteLength);
    }),
  );
  const [buffer] = cross([Buffer.from("abc")]) as [Buffer];
  expect(Buffer.isBuffer(buffer)).toBe(true);
  expect([buffer.toString(), buffer.buffer.byteLength]).toEqual(["abc", 3]);
});

test("detached memory is unreadable, not empty", () => {
  const memory = new ArrayBuffer(8);
  const view = new Uint8Array(memory);
  structuredClone(memory, { transfer: [memory] });
  expect(cross({ memory, view, after: 1 })).toEqual({
    memory: standIn("unreadable", expect.any(String)),
    view: standIn("unreadable", expect.any(String)),
    after: 1,
  });
});

test("what an object's toJSON returns crosses in its place, and what crosses as itself is not asked", () => {
  class Money {
    readonly cents = 5;
    toJSON() {
      return { amount: new Hidden() };
    }
  }
  class Hidden {
    readonly secret = 1;
    toJSON() {
      return "hidden";
    }
  }
  class Itself {
    readonly a = 1;
    toJSON() {
      return this;
    }
  }
  class Broken {
    readonly secret = 1;
    toJSON() {
      throw new Error("no");
    }
  }
  const plain = Object.defineProperty({ secret: 1 }, "toJSON", { value: () => "plain" });
  const list = Object.assign([1], { toJSON: () => "list" });
  const error = Object.assign(new Error("m"), { toJSON: () => "never" });
  expect(cross([new Money(), new Hidden(), new Itself(), new Broken(), plain, list])).toEqual([
    { amount: "hidden" },
    "hidden",
    { a: 1 },
    standIn("unreadable", "no"),
    "plain",
    "list",
  ]);
  expect(cross([new Date(1), new URL("http://a/"), error])).toEqual([
    new Date(1),
    new URL("http://a/"),
    expect.objectContaining({ message: "m" }),
  ]);
});

test("a toJSON that returns undefined leaves its property out, like undefined itself", () => {
  const absent = { secret: 1, toJSON: () => undefined };
  const value = { a: 1, absent, list: [absent], map: new Map([[1, absent]]), b: { absent }, c: 2 };
  expect(cross(value)).toStrictEqual({ a: 1, list: [null], map: new Map([[1, null]]), b: {}, c: 2 });
  const unsayable = JSON.parse('{"__proto__":1}') as object;
  expect(cross(Object.assign(unsayable, { absent, d: 3 }))).toStrictEqual(
    JSON.parse('{"__proto__":1,"d":3}'),
  );
  let asked = 0;
  const changing = { toJSON: () => (asked++ === 0 ? undefined : "there") };
  expect(cross({ first: changing, second: changing })).toStrictEqual({ second: "there" });
});

test("the parts that errors hide from a listing cross", () => {
  const hidden = (name: string, parts: Record<string, unknown>) =>
    Object.defineProperties(
      Object.assign(new Error("m"), { name }),
      Object.fromEntries(Object.entries(parts).map(([key, value]) => [key, { value }])),
    );
  const issues = [{ code: "invalid_type", path: ["a"] }];
  expect(cross([hidden("ZodError", { issues })])).toEqual([expect.objectContaining({ issues })]);
  const [error, suppressed] = [new RangeError("in dispose"), new TypeError("first")];
  const crossed = cross(hidden("SuppressedError", { error, suppressed }));
  expect(crossed).toMatchObject({ error: { message: "in dispose" }, suppressed: expect.any(TypeError) });
});

test("messages and prompt values cross as their fields, other classes of LangChain as their JSON", () => {
  const message = new HumanMessage({ content: "hi", id: "m1" });
  const expected = { id: "m1", content: "hi", additional_kwargs: {}, response_metadata: {}, type: "human" };
  expect(cross(message)).toEqual(expected);
  expect(cross(new ChatPromptValue([message]))).toEqual({ messages: [expected] });
  expect(cross(new AIMessage("x"))).toMatchObject({ type: "ai", tool_calls: [] });
  expect(cross(ChatPromptTemplate.fromMessages([["human", "{x}"]]))).toMatchObject({
    lc: 1,
    id: expect.any(Array),
  });
  // Older versions keep the type in a method.
  const older = { lc_namespace: ["langchain_core"], lc_kwargs: { content: "x" }, content: "x" };
  const methods = { _getType: () => "human", toJSON: () => ({ lc: 1 }) };
  expect(cross(Object.setPrototypeOf(older, methods))).toEqual({ content: "x", type: "human" });
});

test("classes of another realm cross as those of this one", () => {
  const value: unknown = vm.runInNewContext(
    "({ map: new Map([[1, new Date(5)]]), set: new Set([/a/g]), list: [1], bytes: new Uint8Array([1]), url: null })",
  );
  expect(cross(value)).toStrictEqual({
    map: new Map([[1, new Date(5)]]),
    set: new Set([/a/g]),
    list: [1],
    bytes: new Uint8Array([1]),
    url: null,
  });
});

test("an object of a class without any property of its own is marked if its class names itself", () => {
  expect(cross(new Intl.NumberFormat("en"))).toEqual(standIn("not cloneable", "[object Intl.NumberFormat]"));
  expect(cross(new (class Empty {})())).toEqual({});
});

test("a value that has crossed crosses again as it is", () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
  });
  fc.assert(
    fc.property(anything, (value) => {
      const once = cross([value, () => 1, new Error("x"), new Headers({ a: "b" })]);
      expect(cross(once)).toEqual(once);
      expect(snapshot(cross(once))).toEqual(snapshot(once));
    }),
  );
});
