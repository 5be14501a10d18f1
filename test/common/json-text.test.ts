import { expect, test } from "vitest";
import { jsonText } from "../../src/common/json-text.ts";

test("a Map is an object where its keys are texts, and a list of pairs where entries would be lost", () => {
  expect(
    jsonText(
      new Map<unknown, unknown>([
        ["a", 1],
        [2, new Map()],
      ]),
    ),
  ).toBe('{"2":{},"a":1}');
  expect(
    jsonText({
      map: new Map([
        [{ id: 1 }, "x"],
        [{ id: 2 }, "y"],
      ]),
    }),
  ).toBe('{"map":[[{"id":1},"x"],[{"id":2},"y"]]}');
  expect(
    jsonText(
      new Map<unknown, unknown>([
        [1, "x"],
        ["1", "y"],
      ]),
    ),
  ).toBe('[[1,"x"],["1","y"]]');
  expect(jsonText(new Map([[Object.create(null), 1n]]))).toBe('[[{},"1"]]');
});
