import { AsyncLocalStorage } from "node:async_hooks";
import { expect, vi } from "vitest";
import {
  type AnyEventRecord,
  AsyncCallbackManager,
  BaseCallbackHandler,
  type CallbackHandler,
  registerConfigureHook,
  startChainGroup,
  traceAsChainGroup,
} from "../../src/index.ts";
import { PLACEMENTS, type Placed, type Placement } from "../placements.ts";
import { recorder } from "../support/recorder.ts";
import { taken, withPlaced } from "./placed.ts";
import { defect, NO_PLACEMENT, row } from "./row.ts";

const ENV = "SIDECALL_CONFORMANCE_TRACING";
/** Ended roots of all tracers of this class. */
const traced: string[] = [];

class Tracer extends BaseCallbackHandler {
  override onChainEnd({ runId, parentRunId }: AnyEventRecord): void {
    if (parentRunId === undefined) traced.push(runId);
  }
}

type Switch = CallbackHandler | null | undefined;

/** Runs `body` with a configure hook that switches tracing by context or environment. */
async function withSwitches<T>(body: (variable: AsyncLocalStorage<Switch>) => Promise<T>): Promise<T> {
  const variable = new AsyncLocalStorage<Switch>();
  const unregister = registerConfigureHook({ variable, handlerClass: Tracer, env: ENV });
  traced.length = 0;
  try {
    return await body(variable);
  } finally {
    unregister();
    vi.unstubAllEnvs();
  }
}

/** Runs a group; returns the number of tracers of its manager. */
function tracersOfGroup(): Promise<number> {
  return traceAsChainGroup("group", {}, (group) => {
    return group.handlers.filter((handler) => handler instanceof Tracer).length;
  });
}

async function endsOf(placed: Placed): Promise<AnyEventRecord[]> {
  const records = await taken<AnyEventRecord>(placed);
  return records.filter(({ event }) => event === "on_chain_end" || event === "on_chain_error");
}

row(34, PLACEMENTS, async (placement) => {
  await withPlaced(placement, ["Recorder"], async (placed) => {
    const group = traceAsChainGroup("group", { callbacks: [placed.handler] }, () =>
      Promise.reject("no error"),
    );
    await expect(group).rejects.toBe("no error");
    expect(await endsOf(placed)).toMatchObject([{ event: "on_chain_error", error: "no error" }]);
  });
});

row(35, PLACEMENTS, async (placement) => {
  await withPlaced(placement, ["Recorder"], async (placed) => {
    const [controller, reason] = [new AbortController(), new RangeError("cancelled")];
    const options = { callbacks: [placed.handler], signal: controller.signal };
    const group = traceAsChainGroup("group", options, () => {
      controller.abort(reason);
      return new Promise(() => undefined);
    });
    await expect(group).rejects.toBe(reason);
    expect(await endsOf(placed)).toMatchObject([
      { event: "on_chain_error", error: { name: "RangeError", message: "cancelled" } },
    ]);
  });
});

row(36, NO_PLACEMENT, () =>
  withSwitches(async () => {
    vi.stubEnv(ENV, "true");
    expect(await tracersOfGroup()).toBe(1);
    expect(traced).toHaveLength(1);
  }),
);

row(37, NO_PLACEMENT, () =>
  withSwitches(async (variable) => {
    expect(await variable.run(new Tracer(), tracersOfGroup)).toBe(1);
    expect(traced).toHaveLength(1);
  }),
);

row(38, NO_PLACEMENT, () =>
  withSwitches(async (variable) => {
    expect(await tracersOfGroup()).toBe(0);
    expect(await variable.run(null, tracersOfGroup)).toBe(0);
    expect(traced).toEqual([]);
  }),
);

row(79, NO_PLACEMENT, () =>
  withSwitches(async (variable) => {
    for (const isEnvOn of [false, true]) {
      vi.stubEnv(ENV, isEnvOn ? "true" : "");
      const counts = [];
      for (const said of [undefined, new Tracer(), null]) {
        traced.length = 0;
        await variable.run(said, tracersOfGroup);
        counts.push(traced.length);
      }
      expect(counts).toEqual([isEnvOn ? 1 : 0, 1, 0]);
    }
  }),
);

defect("3.4.1", PLACEMENTS, (placement) =>
  withSwitches((variable) => variable.run(null, () => getsEventsOfGroup(placement))),
);

async function getsEventsOfGroup(placement: Placement): Promise<void> {
  await withPlaced(placement, ["Recorder"], async (placed) => {
    await traceAsChainGroup("group", { callbacks: [placed.handler] }, async (group) => {
      await group.onToolStart(null, "in");
    });
    const events = (await taken<AnyEventRecord>(placed)).map(({ event }) => event);
    expect(events.sort()).toEqual(["on_chain_end", "on_chain_start", "on_tool_start"]);
  });
}

defect("3.4.2", PLACEMENTS, async (placement) => {
  await withPlaced(placement, ["Recorder"], async (placed) => {
    await traceAsChainGroup("group", { callbacks: [placed.handler] }, (group) => {
      return group.copy().onChainEnd("the copy's");
    });
    expect(await endsOf(placed)).toMatchObject([{ event: "on_chain_end", outputs: "the copy's" }]);
  });
});

defect("3.4.3", NO_PLACEMENT, async () => {
  const [mine, theirs, local] = [recorder(), recorder(), recorder()];
  const group = await startChainGroup("group", { callbacks: [mine], metadata: { mine: 1 } });
  const other = new AsyncCallbackManager({
    handlers: [theirs, local],
    inheritableHandlers: [theirs],
    inheritableMetadata: { theirs: 1 },
  });
  const merged = group.merge(other);
  expect(merged.handlers).toEqual([mine, theirs, local]);
  expect(merged.inheritableHandlers).toEqual([mine, theirs]);
  expect(merged.inheritableMetadata).toEqual({ mine: 1, theirs: 1 });
});

defect("3.5.3", NO_PLACEMENT, async () => {
  const variable = { getStore: vi.fn(() => null) };
  for (let use = 0; use < 50; use += 1) registerConfigureHook({ variable })();
  AsyncCallbackManager.configure();
  expect(variable.getStore).not.toHaveBeenCalled();
});
