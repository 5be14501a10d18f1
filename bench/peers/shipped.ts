import type { Context, Opener } from "../harness/question.ts";
import { piscinaPeer } from "./piscina.ts";
import { placementOpeners } from "./placements.ts";
import { postMessagePeer } from "./post-message.ts";
import { rawRingPeer } from "./raw-ring.ts";
import { inlinePeer, noHandlerPeer, offThreadPeer } from "./sidecall.ts";
import { yieldingPeer } from "./yielding.ts";

/** The peers that ship and do not wait for a worker's answer. */
const SHIPPED_PEERS: readonly Opener[] = [
  noHandlerPeer,
  () => inlinePeer(1),
  yieldingPeer,
  () => offThreadPeer({ handlers: 1 }),
  () => offThreadPeer({ handlers: 8 }),
  postMessagePeer,
  () => piscinaPeer("default"),
  () => piscinaPeer("deep"),
  rawRingPeer,
];

/** The shipped peers and the question's external ones; for a user's own handler, its placements instead. */
export function costPeers({ own, externalPeers }: Context, question: string): readonly Opener[] {
  if (own !== undefined) return placementOpeners({ spec: own, isCounting: false });
  return [...SHIPPED_PEERS, ...externalPeers(question, 1)];
}
