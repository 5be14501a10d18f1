import { expect, test } from "vitest";
import { readBatchLine } from "../../src/batch/request.ts";

const GOOD = {
  custom_id: "a",
  method: "POST",
  url: "/v1/chat/completions",
  body: { model: "m", messages: [{ role: "user", content: "hi" }] },
};

function read(value: unknown, model?: string) {
  return readBatchLine({ number: 7, text: typeof value === "string" ? value : JSON.stringify(value) }, model);
}

test("keeps parameters without stream and stream_options", () => {
  const body = { ...GOOD.body, temperature: 0.5, stream: false, stream_options: { extra: 1 } };
  expect(read({ ...GOOD, body })).toEqual({
    line: 7,
    customId: "a",
    model: "m",
    messages: GOOD.body.messages,
    parameters: { temperature: 0.5 },
    streamOptions: { extra: 1 },
  });
});

test("one model for all replaces the model of each line, or a missing one", () => {
  expect(read(GOOD, "other")).toMatchObject({ model: "other" });
  expect(read({ ...GOOD, body: { messages: GOOD.body.messages } }, "other")).toMatchObject({
    model: "other",
  });
});

test.each([
  ["{", "expected JSON", null],
  ["[1]", "expected an object", null],
  ["null", "expected an object", null],
  [{ ...GOOD, custom_id: 5 }, "expected custom_id", null],
  [{ ...GOOD, custom_id: "" }, "expected custom_id", ""],
  [{ ...GOOD, method: "GET" }, 'expected method to be "POST", got "GET"', "a"],
  [{ ...GOOD, url: "/v1/embeddings" }, '"/v1/embeddings"', "a"],
  [{ ...GOOD, body: "x" }, "expected body to be an object", "a"],
  [{ ...GOOD, body: { model: "m" } }, "body.messages", "a"],
  [{ ...GOOD, body: { model: "m", messages: [] } }, "body.messages", "a"],
  [{ ...GOOD, body: { model: "m", messages: ["hi"] } }, "body.messages", "a"],
  [{ ...GOOD, body: { messages: GOOD.body.messages } }, "body.model", "a"],
])("the problem of a line that is no request names the field: %j", (value, problem, customId) => {
  expect(read(value)).toEqual({ line: 7, customId, problem: expect.stringContaining(problem) });
});

test("a problem shortens a long value", () => {
  const read7 = read({ ...GOOD, method: "x".repeat(100_000) });
  expect("problem" in read7 && read7.problem.length).toBeLessThan(200);
});
