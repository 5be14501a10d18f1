import type { Context, Opener } from "../harness/question.ts";
import { piscinaPeer } from "./piscina.ts";
import { placementOpeners } from "./placements.ts";
import { postMessagePeer } from "./post-message.ts";
import { rawRingPeer } from "./raw-ring.ts";
import { inlinePeer, noHandlerPeer, offThreadPeer } from "./sidecall.ts";
import { yieldingPeer } from "./yielding.ts";

/** Every way to hear of events, without waiting for a worker's answer, that needs no further package. */
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

/** Those, and the question's external peers; for a handler of the user's, the places where it may be. */
export function costPeers({ own, externalPeers }: Context, question: string): readonly Opener[] {
  if (own !== undefined) return placementOpeners({ spec: own, isCounting: false });
  return [...SHIPPED_PEERS, ...externalPeers(question, 1)];
}
