import { expect, test } from "vitest";
import { SidecallError } from "../../src/common/errors.ts";
import { PendingAnswers } from "../../src/transports/pending-answers.ts";
import { collectGarbage } from "../support/garbage.ts";

const DEATH = new SidecallError("SIDECALL_LANE_DIED", "it ended");

test("an answer settles as given, or rejects when the thread ends first", async () => {
  const life = new PendingAnswers();
  await expect(life.answer(Promise.resolve(1))).resolves.toBe(1);
  await expect(life.answer(Promise.reject(new RangeError("no")))).rejects.toThrow(RangeError);
  const owed = life.answer(new Promise(() => undefined));
  life.end(DEATH);
  await expect(owed).rejects.toBe(DEATH);
  await expect(life.answer(new Promise(() => undefined))).rejects.toBe(DEATH);
  await expect(life.ended).resolves.toBe(DEATH);
});

test("a settled answer is garbage-collected while the thread lives", async () => {
  const life = new PendingAnswers();
  const ask = async () => {
    const answer = await life.answer(Promise.resolve({ large: true }));
    return new WeakRef(answer);
  };
  const answers = await Promise.all(Array.from({ length: 10 }, ask));
  await collectGarbage();
  expect(answers.filter((answer) => answer.deref() !== undefined)).toEqual([]);
  life.end(DEATH);
});
