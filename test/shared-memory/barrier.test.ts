import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { Barrier } from "../../src/shared-memory/barrier.ts";

/** Lets `parties` arrive; gives how many of them have been released so far. */
function arrive(barrier: Barrier, parties: number): () => number {
  let released = 0;
  for (let i = 0; i < parties; i += 1) {
    void new Barrier(barrier.memory).arriveAndWait().then(() => {
      released += 1;
    });
  }
  return () => released;
}

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i += 1) await turn();
}

test("a barrier releases all parties when the last one arrives", async () => {
  const barrier = Barrier.allocate(3);
  const released = arrive(barrier, 2);
  await turns(10);
  expect(released()).toBe(0);
  await barrier.arriveAndWait();
  await expect.poll(released).toBe(2);
});

test("a barrier of one party lets it through", async () => {
  await Barrier.allocate(1).arriveAndWait();
});

test("an open barrier releases the parties that wait, and those that arrive later", async () => {
  const barrier = Barrier.allocate(5);
  const released = arrive(barrier, 3);
  await turns(10);
  expect(released()).toBe(0);
  barrier.open();
  await expect.poll(released).toBe(3);
  const late = arrive(barrier, 2);
  await expect.poll(late).toBe(2);
});
