import { loadHandlers } from "../../../workers/load-handlers.ts";
import { SidecallError } from "../../errors.ts";
import type { CallbackHandler } from "../../handler.ts";
import { AsyncCallbackManager } from "../../managers/async-manager.ts";
import { offThread } from "../../offthread/off-thread.ts";
import { type HandlerSpec, resolveSpecs } from "../../offthread/options.ts";
import { add, type Counts, NOTHING } from "../handlers/counts.ts";
import type { Opener } from "../harness/question.ts";
import { nothing, type Peer } from "./peer.ts";
import { managerSenders, noHandlerPeer } from "./sidecall.ts";
import { YIELDING, YieldingHandler } from "./yielding.ts";

/** A handler that can be asked what it has counted; others are believed. */
type MayCount = CallbackHandler & { counts?(): Counts };

/** Builds a handler on this thread, from the same module and options as a lane would. */
async function load(spec: HandlerSpec): Promise<MayCount> {
  const loaded = await loadHandlers(resolveSpecs(spec), { lane: 0, threads: 1 });
  if ("code" in loaded) throw new SidecallError(loaded.code, loaded.message);
  const [slot] = loaded;
  if (slot === undefined) throw new Error("Expected one handler for one spec, got none.");
  return slot.handler;
}

async function countsOf(handler: MayCount): Promise<Counts[]> {
  return handler.counts === undefined ? [] : [handler.counts()];
}

export const INLINE = "inline";

async function inlinePlacement(spec: HandlerSpec): Promise<Peer> {
  const handler = await load(spec);
  return {
    name: INLINE,
    ...managerSenders(new AsyncCallbackManager({ handlers: [handler] })),
    delivered: nothing,
    counts: () => countsOf(handler),
    close: async () => void (await handler.close?.()),
  };
}

async function yieldingPlacement(spec: HandlerSpec): Promise<Peer> {
  const handler = await load(spec);
  const yielding = new YieldingHandler([handler]);
  return {
    name: YIELDING,
    ...managerSenders(new AsyncCallbackManager({ handlers: [yielding] })),
    delivered: () => yielding.settled(),
    counts: () => countsOf(handler),
    close: async () => void (await handler.close?.()),
  };
}

export const OFF_THREAD = "off-thread";

async function offThreadPlacement(spec: HandlerSpec): Promise<Peer> {
  const canCount = (await load(spec)).counts !== undefined;
  const handler = await offThread<{ counts(): Counts }>(spec, { completion: "queued" });
  return {
    name: OFF_THREAD,
    ...managerSenders(new AsyncCallbackManager({ handlers: [handler] })),
    delivered: () => handler.flush(),
    async counts() {
      if (!canCount) return [];
      return [(await handler.remote.counts()).reduce((sum, lane) => add(sum, lane), NOTHING)];
    },
    close: () => handler.close(),
  };
}

/** The same handler wherever it may run, and none. */
export function placementOpeners(spec: HandlerSpec): Opener[] {
  return [
    noHandlerPeer,
    () => inlinePlacement(spec),
    () => yieldingPlacement(spec),
    () => offThreadPlacement(spec),
  ];
}
