import { expect, test } from "vitest";
import { dispatch } from "../../src/core/dispatch.ts";
import type { CallbackHandler, EventRecord } from "../../src/index.ts";

const RECORD: EventRecord<"on_text"> = {
  event: "on_text",
  runId: "r",
  parentRunId: undefined,
  traceId: "r",
  tags: [],
  timestamp: 0,
  text: "text",
};

test("a promise whose own then gives nothing keeps the dispatch waiting for the other handlers", async () => {
  const steps: string[] = [];
  const odd: CallbackHandler = {
    // biome-ignore lint/suspicious/noThenProperty: such promises exist
    onText: () => Object.assign(Promise.resolve(), { then: (done: () => void) => void done() }),
  };
  let open: () => void = () => undefined;
  const slow: CallbackHandler = {
    onText: () =>
      new Promise<void>((resolve) => {
        open = resolve;
      }).then(() => void steps.push("slow")),
  };
  const dispatched = dispatch([odd, slow], RECORD).then(() => steps.push("dispatched"));
  await new Promise((resolve) => setImmediate(resolve));
  open();
  await dispatched;
  expect(steps).toEqual(["slow", "dispatched"]);
});
