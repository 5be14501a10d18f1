import { loadHandlers } from "../../../workers/load-handlers.ts";
import { AsyncCallbackManager } from "../../managers/async-manager.ts";
import { loadError } from "../../offthread/lane-thread.ts";
import { offThread } from "../../offthread/off-thread.ts";
import { type HandlerSpec, resolveSpecs } from "../../offthread/options.ts";
import type { Peer } from "./peer.ts";
import { inlineName, laneParts, managerSenders, offThreadName } from "./sidecall.ts";

/*
 * A handler of the user's in the two places where it can be. It cannot tell what it was given, so nothing is counted;
 * what it fails at is reported as any handler's failures are.
 */

/** Rejects as `offThread` does. */
export async function inlineOwnPeer(spec: HandlerSpec): Promise<Peer> {
  const slots = await loadHandlers(resolveSpecs(spec), { lane: 0, threads: 1 });
  if ("code" in slots) throw loadError(slots);
  const handlers = slots.map(({ handler }) => handler);
  return {
    name: inlineName(1),
    ...managerSenders(new AsyncCallbackManager({ handlers })),
    async delivered() {
      for (const handler of handlers) await handler.flush?.();
    },
    counts: async () => [],
    async close() {
      for (const handler of handlers) await handler.close?.();
    },
  };
}

export async function offThreadOwnPeer(spec: HandlerSpec): Promise<Peer> {
  const handler = await offThread(spec, { completion: "queued" });
  return { name: offThreadName(1), ...laneParts(handler), counts: async () => [] };
}
