import { expect, expectTypeOf, test } from "vitest";
import {
  EVENT_INFO,
  EVENT_NAMES,
  type EVENTS,
  type EventName,
  eventOfCode,
  type RecordOf,
  type StartRecord,
} from "../../src/core/events.ts";

const rows = EVENT_NAMES.map((event) => EVENT_INFO[event]);

test("codes are unique and fit the bits of a handler's interest", () => {
  const codes = rows.map(({ code }) => code);
  expect(new Set(codes).size).toBe(codes.length);
  expect(codes.filter((code) => !Number.isInteger(code) || code < 0 || code > 31)).toEqual([]);
  expect(rows.map(({ code }) => eventOfCode(code))).toEqual(rows);
});

test("methods are unique", () => {
  expect(new Set(rows.map(({ method }) => method)).size).toBe(rows.length);
});

const valued = rows.filter(({ value }) => value !== null);
test.each(valued)("$event: the value is one of the event's own fields", ({ value, fields }) => {
  expect(fields).toContain(value);
});

test.each(rows)(
  "$event: starts, ends and errors keep their part in the event stream",
  ({ phase, stream }) => {
    expect(phase === "data" ? ["stream", "custom", null] : [phase]).toContain(stream);
  },
);

const pieces = rows.filter(({ piece }) => piece);
test.each(pieces)("$event: pieces are droppable data with a value", (row) => {
  expect(row).toMatchObject({ phase: "data", droppable: true, value: expect.any(String) });
});

const starts = rows.filter(({ phase }) => phase === "start");
test.each(starts)("$event: starts are described and carry `serialized`", ({ described, fields }) => {
  expect(described).toBe(true);
  expect(fields).toEqual(expect.arrayContaining(["serialized", "extra"]));
});

test("records are selected by the columns of their rows", () => {
  expectTypeOf<RecordOf<{ stream: "custom" }>["event"]>().toEqualTypeOf<"on_custom_event">();
  expectTypeOf<RecordOf<{ phase: "error"; kind: "tool" }>["toolCallId"]>().toEqualTypeOf<
    string | undefined
  >();
  expectTypeOf<StartRecord["serialized"]>().toEqualTypeOf<
    RecordOf<{ kind: "tool" } & { phase: "start" }>["serialized"]
  >();
  // Every chunk of the event stream is a piece.
  expectTypeOf<RecordOf<{ phase: "data"; piece: false; stream: "stream" }>>().toBeNever();
  expectTypeOf<keyof typeof EVENTS>().toEqualTypeOf<EventName>();
});
