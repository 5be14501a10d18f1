import { expect, test } from "vitest";
import { untilAborted } from "../../src/common/signals.ts";
import { tolerated } from "../../src/common/thenable.ts";
import { dispatch } from "../../src/core/dispatch.ts";
import { reportIfUnawaited } from "../../src/core/unawaited.ts";
import type { EventRecord, HandlerFailure } from "../../src/index.ts";
import { collectFailures } from "../placements.ts";

const CALL = { handler: "some call", event: "on_text", runId: "r" } as const;
const RECORD: EventRecord<"on_text"> = {
  ...{ event: "on_text", runId: "r", parentRunId: undefined, traceId: "r" },
  ...{ tags: [], timestamp: 0, text: "text" },
};
const fault = () => new RangeError("a fault");

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Calls `body`, and gives what is reported and what counts as unhandled within three turns. */
async function outcomeOf(body: () => unknown) {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  process.on("unhandledRejection", note);
  const reported: HandlerFailure[] = await collectFailures(async () => {
    body();
    for (let i = 0; i < 3; i += 1) await turn();
  });
  process.off("unhandledRejection", note);
  return { reported, unhandled };
}

const reject = (error: unknown, describe = () => CALL) => reportIfUnawaited(Promise.reject(error), describe);

test("a rejection that is not awaited is reported once, and does not count as unhandled", async () => {
  const error = fault();
  const { reported, unhandled } = await outcomeOf(() => reject(error));
  expect(reported).toEqual([{ ...CALL, error }]);
  expect(unhandled).toEqual([]);
});

test("one error of two calls is reported once", async () => {
  const error = fault();
  const { reported } = await outcomeOf(() => [reject(error), reject(error)]);
  expect(reported).toHaveLength(1);
});

test.each<[string, (promise: Promise<unknown>) => unknown]>([
  ["await", async (promise) => void (await promise.catch(() => undefined))],
  ["then", (promise) => promise.then(undefined, () => undefined)],
  ["catch", (promise) => promise.catch(() => undefined)],
  ["finally", (promise) => promise.finally(() => undefined).catch(() => undefined)],
  ["Promise.all", (promise) => Promise.all([promise]).catch(() => undefined)],
  ["Promise.allSettled", (promise) => Promise.allSettled([promise])],
  ["Promise.race", (promise) => Promise.race([promise]).catch(() => undefined)],
  ["a caller's async function", (promise) => (async () => promise)().catch(() => undefined)],
])("a rejection that %s observes is not reported", async (_, observe) => {
  const { reported, unhandled } = await outcomeOf(() => observe(reject(fault())));
  expect([reported, unhandled]).toEqual([[], []]);
});

test("an await that begins later in the same turn counts", async () => {
  const { reported, unhandled } = await outcomeOf(() => {
    const promise = reject(fault());
    process.nextTick(() => promise.catch(() => undefined));
  });
  expect([reported, unhandled]).toEqual([[], []]);
});

test("what is awaited settles as the promise does", async () => {
  await expect(reportIfUnawaited(Promise.resolve(1), () => CALL)).resolves.toBe(1);
  await expect(reject(fault())).rejects.toThrow("a fault");
  await expect(reject("text")).rejects.toBe("text");
});

test("aborts are not reported, whatever their reason", async () => {
  const { reported, unhandled } = await outcomeOf(() => {
    const controller = new AbortController();
    const reason = fault();
    void reportIfUnawaited(untilAborted(controller.signal, new Promise(() => undefined)), () => CALL);
    controller.abort(reason);
    void reject(reason);
    void reject(new DOMException("stopped", "AbortError"));
    // As clients of model servers name theirs.
    void reject(new (class APIUserAbortError extends Error {})("Request was aborted."));
  });
  expect([reported, unhandled]).toEqual([[], []]);
});

test("a failure that a dispatch has reported is not reported again", async () => {
  const failing = { name: "failing", raiseError: true, onText: () => Promise.reject(fault()) };
  const { reported, unhandled } = await outcomeOf(() =>
    reportIfUnawaited(dispatch([failing], RECORD), () => CALL),
  );
  expect(reported.map(({ handler }) => handler)).toEqual(["failing"]);
  expect(unhandled).toEqual([]);
});

test("an error that `describe` does not describe is not reported", async () => {
  const nothing = () => undefined;
  const { reported, unhandled } = await outcomeOf(() => reportIfUnawaited(Promise.reject(fault()), nothing));
  expect([reported, unhandled]).toEqual([[], []]);
});

test("an error whose name throws is reported", async () => {
  const error = Object.defineProperty({}, "name", {
    get: () => {
      throw fault();
    },
  });
  const { reported } = await outcomeOf(() => reject(error));
  expect(reported).toHaveLength(1);
});

test("a tolerated rejection is neither reported nor unhandled", async () => {
  const { reported, unhandled } = await outcomeOf(() => tolerated(Promise.reject(fault())));
  expect([reported, unhandled]).toEqual([[], []]);
});
