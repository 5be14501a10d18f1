import { expect, test } from "vitest";
import { withTimeLimit } from "../../src/common/time-limit.ts";

const never = new Promise<never>(() => undefined);
const unreachable = () => expect.unreachable("the limit is not reached");

test("a promise within its limit settles as it is", async () => {
  expect(await withTimeLimit(Promise.resolve(1), 10_000, unreachable)).toBe(1);
  await expect(withTimeLimit(Promise.reject(new RangeError("no")), 10_000, unreachable)).rejects.toThrow(
    RangeError,
  );
  expect(await withTimeLimit(Promise.resolve(2), Number.POSITIVE_INFINITY, unreachable)).toBe(2);
});

test("past the limit the error of onLate rejects, once onLate is done", async () => {
  const steps: string[] = [];
  const onLate = async () => {
    steps.push("late");
    await Promise.resolve();
    return new RangeError("late");
  };
  await expect(withTimeLimit(never, 1, onLate)).rejects.toThrow("late");
  expect(steps).toEqual(["late"]);
});

test("work that rejects after its limit is no unhandled rejection", async () => {
  let reject: (error: Error) => void = () => undefined;
  const work = new Promise<never>((_, fail) => {
    reject = fail;
  });
  await expect(withTimeLimit(work, 1, () => new RangeError("late"))).rejects.toThrow("late");
  reject(new Error("too late to matter"));
  await new Promise((resolve) => setImmediate(resolve));
});
