import type { CallbackHandler } from "../../src/core/handler.ts";
import { AsyncCallbackManager } from "../../src/managers/async-manager.ts";
import { offThread } from "../../src/offthread/off-thread.ts";
import { loadError } from "../../src/transports/lanes/lane-thread.ts";
import { type HandlerSpec, resolveSpecs } from "../../src/transports/options.ts";
import { loadHandlers } from "../../workers/load-handlers.ts";
import { add, type Counts, NOTHING } from "../handlers/counts.ts";
import type { Opener } from "../harness/question.ts";
import { nothing, type Peer } from "./peer.ts";
import { inlineName, laneParts, managerSenders, noHandlerPeer, offThreadName } from "./sidecall.ts";
import { YIELDING, YieldingHandler } from "./yielding.ts";

/** A handler, in one of the places where it may run. */
export interface Placed {
  readonly spec: HandlerSpec;
  /** Whether its `counts` tells what it has counted; any other handler is believed. */
  readonly isCounting: boolean;
}

type MayCount = CallbackHandler & { counts?(): Counts };

/** Builds a handler on this thread, from the same module and options as a lane would. Rejects as `offThread` does. */
async function load(spec: HandlerSpec): Promise<MayCount> {
  const loaded = await loadHandlers(resolveSpecs(spec), { lane: 0, threads: 1, restarts: 0 });
  if ("code" in loaded) throw loadError(loaded);
  const [slot] = loaded;
  if (slot === undefined) throw new Error("Expected one handler for one spec, got none.");
  return slot.handler;
}

function onThisThread(handler: MayCount, { isCounting }: Placed): Pick<Peer, "counts" | "close"> {
  return {
    counts: async () => (isCounting && handler.counts !== undefined ? [handler.counts()] : []),
    close: async () => void (await handler.close?.()),
  };
}

const INLINE = inlineName(1);

async function inlinePlacement(placed: Placed): Promise<Peer> {
  const handler = await load(placed.spec);
  return {
    name: INLINE,
    ...managerSenders(new AsyncCallbackManager({ handlers: [handler] })),
    ...onThisThread(handler, placed),
    delivered: nothing,
  };
}

async function yieldingPlacement(placed: Placed): Promise<Peer> {
  const handler = await load(placed.spec);
  const yielding = new YieldingHandler([handler]);
  return {
    name: YIELDING,
    ...managerSenders(new AsyncCallbackManager({ handlers: [yielding] })),
    ...onThisThread(handler, placed),
    delivered: () => yielding.flush(),
  };
}

export const OFF_THREAD = offThreadName(1);

async function offThreadPlacement({ spec, isCounting }: Placed): Promise<Peer> {
  const handler = await offThread<{ counts(): Counts }>(spec, { acknowledge: "queued" });
  return {
    name: OFF_THREAD,
    ...laneParts(handler),
    async counts() {
      if (!isCounting) return [];
      return [(await handler.remote.counts()).reduce((sum, lane) => add(sum, lane), NOTHING)];
    },
  };
}

/** The same handler wherever it may run, and none. */
export function placementOpeners(placed: Placed): Opener[] {
  return [
    noHandlerPeer,
    () => inlinePlacement(placed),
    () => yieldingPlacement(placed),
    () => offThreadPlacement(placed),
  ];
}
