import { performance } from "node:perf_hooks";
import { setImmediate as immediate } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import { AsyncCallbackManager, offThread, onHandlerError } from "../../src/index.ts";
import { ReleasePoll } from "../../src/transports/lanes/release-poll.ts";
import { fixture } from "../fixtures/modules.ts";
import { collectFailures } from "../placements.ts";

const now = vi.spyOn(performance, "now");
afterEach(() => void now.mockReset());

/** A poll of a lane that answers its callers when the test says so. `steps`: the calls of the poll, in order. */
function polled() {
  const state = { isAwaited: true, steps: [] as string[] };
  const poll = new ReleasePoll({
    watch: (isWatching) => state.steps.push(isWatching ? "watch" : "unwatch"),
    answerReleased: () => {
      state.steps.push("poll");
      return state.isAwaited;
    },
  });
  return { state, poll };
}

test("polls in each turn of the event loop until no caller waits, and once more after it stops watching", async () => {
  now.mockReturnValue(1000);
  const { state, poll } = polled();
  poll.begin();
  poll.begin();
  expect(state.steps).toEqual(["watch"]);
  await immediate();
  expect(state.steps).toEqual(["watch", "poll"]);
  state.isAwaited = false;
  await immediate();
  expect(state.steps).toEqual(["watch", "poll", "poll", "unwatch", "poll"]);
  await immediate();
  expect(state.steps).toHaveLength(5);
});

/** Number of calls of `begin` until it polls again. */
function beginsUntilItPolls({ state, poll }: ReturnType<typeof polled>): number {
  state.steps.length = 0;
  now.mockReturnValue(1000);
  for (let begins = 1; ; begins += 1) {
    poll.begin();
    if (state.steps.length > 0) return begins;
  }
}

/** Lets it poll once, after its time is over and before the caller is answered. */
async function pollInVain({ state }: ReturnType<typeof polled>): Promise<void> {
  now.mockReturnValue(1001);
  await immediate();
  expect(state.steps).toEqual(["watch", "poll", "unwatch", "poll"]);
}

test("each failed poll doubles the interval between polls, up to 64, and a success resets it to 1", async () => {
  const it = polled();
  const pauses: number[] = [];
  for (let miss = 0; miss < 9; miss += 1) {
    pauses.push(beginsUntilItPolls(it));
    await pollInVain(it);
  }
  expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 64, 64, 64]);
  beginsUntilItPolls(it);
  it.state.isAwaited = false;
  await immediate();
  it.state.isAwaited = true;
  expect(beginsUntilItPolls(it)).toBe(1);
});

const work = (maxMicros: number) =>
  fc.record({ micros: fc.integer({ min: 0, max: maxMicros }), fails: fc.boolean() });

// Quick handlers are mostly answered by polling; slow ones by messages and polling in turns.
test.each([40, 600])(
  "with up to %i µs of work every caller is answered after the failures of its event are reported",
  async (maxMicros) => {
    const handler = await offThread(fixture("BusyWaiting"));
    const manager = new AsyncCallbackManager({ handlers: [handler] });
    let reported = 0;
    const previous = onHandlerError(() => (reported += 1));
    try {
      await fc.assert(
        fc.asyncProperty(fc.array(work(maxMicros), { maxLength: 30 }), async (events) => {
          for (const inputs of events) {
            const before = reported;
            await manager.onChainStart(null, inputs);
            expect(reported - before).toBe(inputs.fails ? 1 : 0);
          }
        }),
        { numRuns: 60 },
      );
    } finally {
      onHandlerError(previous);
    }
    await handler.close();
  },
);

test("a raised error reaches only the caller whose event failed", async () => {
  const handler = await offThread(fixture("BusyWaiting", { raiseError: true }));
  const manager = new AsyncCallbackManager({ handlers: [handler] });
  const outcomeOf = (inputs: unknown) =>
    manager.onChainStart(null, inputs).then(
      () => "well",
      (error: Error) => error.message,
    );
  await collectFailures(() =>
    fc.assert(
      fc.asyncProperty(fc.array(work(40), { maxLength: 30 }), fc.boolean(), async (events, inTurn) => {
        const outcomes: (string | Promise<string>)[] = [];
        for (const inputs of events) outcomes.push(inTurn ? await outcomeOf(inputs) : outcomeOf(inputs));
        const expected = events.map(({ fails }) => (fails ? "tired" : "well"));
        expect(await Promise.all(outcomes)).toEqual(expected);
      }),
      { numRuns: 60 },
    ),
  );
  await handler.close();
});

test("callers are answered in an application that stops the clock and the timers", async () => {
  const handler = await offThread(fixture("BusyWaiting"));
  const manager = new AsyncCallbackManager({ handlers: [handler] });
  vi.useFakeTimers();
  try {
    for (let event = 0; event < 5; event += 1) {
      await manager.onChainStart(null, { micros: 500, fails: false });
    }
  } finally {
    vi.useRealTimers();
  }
  await handler.close();
});
