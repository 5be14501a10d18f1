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

/** A watch of something that is settled when the test says so; what it does, in order. */
function watched() {
  const state = { isAwaited: true, steps: [] as string[] };
  const watch = new ReleasePoll({
    watch: (isWatching) => state.steps.push(isWatching ? "watch" : "leave"),
    answerReleased: () => {
      state.steps.push("look");
      return state.isAwaited;
    },
  });
  return { state, watch };
}

test("it looks between turns of the loop until nobody waits, and once more when it has said that it leaves", async () => {
  now.mockReturnValue(1000);
  const { state, watch } = watched();
  watch.begin();
  watch.begin();
  expect(state.steps).toEqual(["watch"]);
  await immediate();
  expect(state.steps).toEqual(["watch", "look"]);
  state.isAwaited = false;
  await immediate();
  expect(state.steps).toEqual(["watch", "look", "look", "leave", "look"]);
  await immediate();
  expect(state.steps).toHaveLength(5);
});

/** How often the watch is begun until it looks again. */
function beginsUntilItLooks({ state, watch }: ReturnType<typeof watched>): number {
  state.steps.length = 0;
  now.mockReturnValue(1000);
  for (let begins = 1; ; begins += 1) {
    watch.begin();
    if (state.steps.length > 0) return begins;
  }
}

/** Lets the watch look, longer than it cares to. */
async function lookInVain({ state }: ReturnType<typeof watched>): Promise<void> {
  now.mockReturnValue(1001);
  await immediate();
  expect(state.steps).toEqual(["watch", "look", "leave", "look"]);
}

test("the more often it looks in vain, the more rarely it looks; one success, and it looks every time", async () => {
  const it = watched();
  const pauses: number[] = [];
  for (let miss = 0; miss < 9; miss += 1) {
    pauses.push(beginsUntilItLooks(it));
    await lookInVain(it);
  }
  expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 64, 64, 64]);
  beginsUntilItLooks(it);
  it.state.isAwaited = false;
  await immediate();
  it.state.isAwaited = true;
  expect(beginsUntilItLooks(it)).toBe(1);
});

const work = (maxMicros: number) =>
  fc.record({ micros: fc.integer({ min: 0, max: maxMicros }), fails: fc.boolean() });

// Where all are quick this side mostly sees the release first; where some are slow, messages and looks take turns.
test.each([40, 600])(
  "with up to %i µs of work everybody is answered, and has heard of what failed before",
  async (maxMicros) => {
    const handler = await offThread(fixture("BusyWaiting"));
    const manager = new AsyncCallbackManager({ handlers: [handler] });
    let heard = 0;
    const previous = onHandlerError(() => (heard += 1));
    try {
      await fc.assert(
        fc.asyncProperty(fc.array(work(maxMicros), { maxLength: 30 }), async (events) => {
          for (const inputs of events) {
            const before = heard;
            await manager.onChainStart(null, inputs);
            expect(heard - before).toBe(inputs.fails ? 1 : 0);
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

test("an error that is raised reaches the one whose event failed, and nobody else", async () => {
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

test("an application that stops the clock and the timers is answered all the same", async () => {
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
