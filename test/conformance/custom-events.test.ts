import { expect } from "vitest";
import {
  AsyncCallbackManager,
  type AsyncCallbackManagerForChainRun,
  dispatchCustomEvent,
  type EventRecord,
  withContext,
} from "../../src/index.ts";
import { ORDERED, taken, withPlaced } from "./placed.ts";
import { defect, NO_PLACEMENT, row } from "./row.ts";

const NO_RUN = { code: "SIDECALL_NO_RUN", message: expect.stringContaining("event 1") };
type CustomEvent = EventRecord<"on_custom_event">;

row(39, NO_PLACEMENT, async () => {
  await expect(dispatchCustomEvent("event 1", {})).rejects.toMatchObject(NO_RUN);
  const callbacks = new AsyncCallbackManager();
  await expect(dispatchCustomEvent("event 1", {}, { callbacks })).rejects.toMatchObject(NO_RUN);
});

row(40, NO_PLACEMENT, async () => {
  const run = await new AsyncCallbackManager().onChainStart(null, {});
  await withContext({ run }, () => dispatchCustomEvent("inside", {}));
  await new Promise((resolve) => setImmediate(resolve));
  await expect(dispatchCustomEvent("event 1", {})).rejects.toMatchObject(NO_RUN);
});

/** Dispatches two events within a run; its handler must get both unchanged. */
function twoEvents(
  fixture: "Recorder" | "SometimesAsync",
  dispatch: (run: AsyncCallbackManagerForChainRun) => Promise<void>,
) {
  return (placement: (typeof ORDERED)[number]) =>
    withPlaced(placement, [fixture], async (placed) => {
      const run = await new AsyncCallbackManager({ handlers: [placed.handler] }).onChainStart(null, {});
      await withContext({ run }, () => dispatch(run));
      const [, ...events] = await taken<CustomEvent>(placed);
      const about = { event: "on_custom_event", runId: run.runId, tags: [], metadata: {} };
      expect(events).toMatchObject([
        { ...about, eventName: "event 1", data: { x: 1 } },
        { ...about, eventName: "event 2", data: { x: 2 } },
      ]);
    });
}

const one = ["event 1", { x: 1 }] as const;
const two = ["event 2", { x: 2 }] as const;

row(
  41,
  ORDERED,
  twoEvents("SometimesAsync", async () => {
    await dispatchCustomEvent(...one);
    await new Promise((resolve) => setImmediate(resolve));
    await dispatchCustomEvent(...two);
  }),
);

row(
  42,
  ORDERED,
  twoEvents("SometimesAsync", async (run) => {
    await dispatchCustomEvent(...one, { callbacks: run });
    await dispatchCustomEvent(...two, { callbacks: run.getChild() });
  }),
);

row(
  43,
  ORDERED,
  twoEvents("Recorder", async (callbacks) => {
    await dispatchCustomEvent(...one);
    await dispatchCustomEvent(...two, { callbacks });
  }),
);

row(44, ORDERED, async (placement) => {
  await withPlaced(placement, ["Recorder"], async (placed) => {
    const manager = new AsyncCallbackManager({ handlers: [placed.handler], tags: ["t"], metadata: { m: 1 } });
    const run = await manager.onChainStart(null, {}, { extra: { theirs: true } });
    await withContext({ run }, () => dispatchCustomEvent(...one));
    const { runId, traceId } = run;
    const [, event] = await taken<CustomEvent>(placed);
    expect(event).toEqual({
      event: "on_custom_event",
      ...{ runId, traceId, parentRunId: undefined, tags: ["t"], metadata: { m: 1 } },
      ...{ timestamp: expect.any(Number), eventName: "event 1", data: { x: 1 } },
    });
  });
});

defect("3.2.3", NO_PLACEMENT, async () => {
  const unknown: object = { color: "red" };
  for (const handlers of [[], [{ onCustomEvent: () => undefined }]]) {
    const event = new AsyncCallbackManager({ handlers }).onCustomEvent("event", {}, unknown);
    await expect(event).rejects.toMatchObject({ code: "SIDECALL_OPTION_INVALID" });
  }
  const outside = dispatchCustomEvent("event", {}, unknown);
  await expect(outside).rejects.toMatchObject({ code: "SIDECALL_OPTION_INVALID" });
});
