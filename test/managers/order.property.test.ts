import fc from "fast-check";
import { expect, test } from "vitest";
import { type AnyEventRecord, AsyncCallbackManager, type CallbackHandler } from "../../src/index.ts";
import { ORDERED, taken, withPlaced } from "../conformance/placed.ts";
import { gate } from "../support/gate.ts";

interface Send {
  readonly kind: "send";
  readonly run: number;
  /** Sent by a second manager of the run. */
  readonly isSecond: boolean;
  /** Its handler waits until the event's gate is open. */
  readonly isGated: boolean;
}
type Step = Send | { readonly kind: "open"; readonly which: number } | { readonly kind: "turn" };

const send: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant("send" as const),
  run: fc.nat(2),
  isSecond: fc.boolean(),
  isGated: fc.boolean(),
});
const open: fc.Arbitrary<Step> = fc.record({ kind: fc.constant("open" as const), which: fc.nat(9) });
const steps = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: send },
    { weight: 3, arbitrary: open },
    fc.constant({ kind: "turn" as const }),
  ),
  { maxLength: 40 },
);

interface Sent extends Send {
  readonly n: number;
  readonly gate: ReturnType<typeof gate>;
  isOpen: boolean;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
const numberOf = (record: AnyEventRecord) => (record.event === "on_custom_event" ? Number(record.data) : -1);

/** By run, the events that have passed the gates: all before the first whose gate is closed. */
function passed(sent: readonly Sent[]): number[][] {
  return [0, 1, 2].map((run) => {
    const mine = sent.filter((each) => each.run === run);
    const closed = mine.findIndex(({ isOpen }) => !isOpen);
    return mine.slice(0, closed === -1 ? mine.length : closed).map(({ n }) => n);
  });
}

/** The numbers that a handler saw, by run. */
function byRun(seen: readonly number[], sent: readonly Sent[]): number[][] {
  return [0, 1, 2].map((run) => seen.filter((n) => sent[n]?.run === run));
}

/** Two traces, one of them with a child run; each run with its own manager and with a second one. */
async function threeRuns(handlers: readonly CallbackHandler[]) {
  const manager = new AsyncCallbackManager({ handlers, inheritableHandlers: handlers });
  const root = await manager.onChainStart(null, {});
  const child = await root.getChild().onChainStart(null, {});
  const other = await manager.onChainStart(null, {});
  return [root, child, other].map((run) => {
    const parent =
      run.parentRunId === undefined ? undefined : { runId: run.parentRunId, traceId: run.traceId };
    const second = new AsyncCallbackManager({ handlers, parent });
    return {
      own: (n: number) => run.onCustomEvent("event", n),
      second: (n: number) => second.onCustomEvent("event", n, { runId: run.runId }),
    };
  });
}

function handlersOf(sent: readonly Sent[]) {
  const [moderated, plain, slow]: number[][] = [[], [], []];
  const inside = new Map<number, number>();
  const overlaps: number[] = [];
  const moderator: CallbackHandler = {
    runInline: true,
    async onCustomEvent({ data }) {
      const event = sent[Number(data)];
      if (event === undefined) return;
      moderated?.push(event.n);
      if (inside.has(event.run)) overlaps.push(event.n);
      inside.set(event.run, event.n);
      await event.gate.opened;
      inside.delete(event.run);
    },
  };
  const handlers: CallbackHandler[] = [
    { onEvent: (record) => void (numberOf(record) >= 0 && plain?.push(numberOf(record))) },
    moderator,
    {
      async onCustomEvent(record) {
        slow?.push(numberOf(record));
        await turn();
      },
    },
  ];
  return { handlers, moderated: moderated ?? [], plain: plain ?? [], slow: slow ?? [], overlaps };
}

test.each(ORDERED)(
  "events that are not awaited keep their order beside a slow runInline handler [$name]",
  async (placement) => {
    await withPlaced(placement, ["Recorder"], async (placed) => {
      const property = fc.asyncProperty(steps, async (script) => {
        const sent: Sent[] = [];
        const { handlers, moderated, plain, slow, overlaps } = handlersOf(sent);
        const runs = await threeRuns([...handlers, placed.handler]);
        const promises: Promise<void>[] = [];
        const openGate = (event: Sent) => {
          event.isOpen = true;
          event.gate.open();
        };
        for (const step of script) {
          if (step.kind === "send") {
            const event: Sent = { ...step, n: sent.length, gate: gate(), isOpen: false };
            if (!step.isGated) openGate(event);
            sent.push(event);
            const run = runs[step.run];
            if (run === undefined) throw new Error("no run");
            promises.push(step.isSecond ? run.second(event.n) : run.own(event.n));
          } else if (step.kind === "open") {
            const closed = sent.filter(({ isOpen }) => !isOpen);
            const event = closed[step.which % closed.length];
            if (event !== undefined) openGate(event);
          } else {
            await turn();
            await turn();
            expect(byRun(plain, sent)).toEqual(passed(sent));
          }
        }
        for (const event of sent) openGate(event);
        await Promise.all(promises);
        const all = passed(sent);
        for (const seen of [moderated, plain, slow]) expect(byRun(seen, sent)).toEqual(all);
        expect(overlaps).toEqual([]);
        const far = (await taken<AnyEventRecord>(placed)).map(numberOf).filter((n) => n >= 0);
        const traces = (seen: readonly number[]) =>
          [true, false].map((isOther) => seen.filter((n) => (sent[n]?.run === 2) === isOther));
        if (placement.isInline) expect(byRun(far, sent)).toEqual(all);
        else expect(traces(far)).toEqual(traces(sent.map(({ n }) => n)));
      });
      await fc.assert(property, { numRuns: 60 });
    });
  },
);
