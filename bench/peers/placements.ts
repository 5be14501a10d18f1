import { SidecallError } from "../../src/common/errors.ts";
import type { CallbackHandler } from "../../src/core/handler.ts";
import { AsyncCallbackManager } from "../../src/managers/async-manager.ts";
import { offThread } from "../../src/offthread/off-thread.ts";
import { type HandlerSpec, resolveSpecs } from "../../src/transports/options.ts";
import { loadHandlers } from "../../workers/load-handlers.ts";
import { add, type Counts, NOTHING } from "../harness/counts.ts";
import { nothing, type Peer } from "../harness/peer.ts";
import type { Opener } from "../harness/question.ts";
import { inlineName, laneParts, managerSenders, noHandlerPeer, offThreadName } from "./sidecall.ts";
import { YIELDING, YieldingHandler } from "./yielding.ts";

/** A handler to measure in every placement. */
export interface Placed {
  readonly spec: HandlerSpec;
  /** Whether `counts()` returns its counts; other handlers are not verified. */
  readonly isCounting: boolean;
}

type MayCount = CallbackHandler & { counts?(): Counts };

/**
 * Builds a handler on this thread with the loader of the worker threads, so that every placement measures the same
 * object and a module that cannot be used fails with the same code in each.
 */
async function load(spec: HandlerSpec): Promise<MayCount> {
  const loaded = await loadHandlers(resolveSpecs(spec), { lane: 0, threads: 1, restarts: 0 });
  if ("code" in loaded) throw new SidecallError(loaded.code, loaded.message);
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

/** Opens the handler in every placement, and a peer without a handler. */
export function placementOpeners(placed: Placed): Opener[] {
  return [
    noHandlerPeer,
    () => inlinePlacement(placed),
    () => yieldingPlacement(placed),
    () => offThreadPlacement(placed),
  ];
}
