import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { DrainLimit } from "../../src/cli/drain-limit.ts";

const DAY_MILLIS = 86_400_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function deferred() {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve: () => resolve() };
}

function start(millis: number | undefined) {
  const stopped = deferred();
  const work = deferred();
  const ended = vi.fn<(how: string) => void>();
  const bounded = new DrainLimit(millis, stopped.promise).within(work.promise, "The work");
  bounded.then(
    () => ended("done"),
    (error: Error) => ended(error.message),
  );
  return { stopped, work, ended };
}

test("without a limit the work may take as long as it needs", async () => {
  const { work, ended } = start(undefined);
  await vi.advanceTimersByTimeAsync(DAY_MILLIS);
  expect(ended).not.toHaveBeenCalled();
  work.resolve();
  await vi.advanceTimersByTimeAsync(0);
  expect(ended).toHaveBeenCalledExactlyOnceWith("done");
});

test("an interruption sets a limit of 30 s from then on", async () => {
  const { stopped, ended } = start(undefined);
  await vi.advanceTimersByTimeAsync(DAY_MILLIS);
  stopped.resolve();
  await vi.advanceTimersByTimeAsync(29_999);
  expect(ended).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(ended).toHaveBeenCalledExactlyOnceWith("The work took longer than 30 s (--drain-seconds)");
});

test("the user's limit counts from the start, and leaves no timer", async () => {
  const late = start(500);
  await vi.advanceTimersByTimeAsync(500);
  expect(late.ended).toHaveBeenCalledExactlyOnceWith("The work took longer than 0.5 s (--drain-seconds)");
  const early = start(500);
  early.work.resolve();
  await vi.advanceTimersByTimeAsync(0);
  early.stopped.resolve();
  await vi.advanceTimersByTimeAsync(0);
  expect(early.ended).toHaveBeenCalledExactlyOnceWith("done");
  expect(vi.getTimerCount()).toBe(0);
});
