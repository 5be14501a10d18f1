import type { Opener } from "../harness/question.ts";
import { piscinaPeer } from "./piscina.ts";
import { postMessagePeer } from "./post-message.ts";
import { rawRingPeer } from "./raw-ring.ts";
import { inlinePeer, noHandlerPeer, offThreadPeer } from "./sidecall.ts";
import { yieldingPeer } from "./yielding.ts";

/** Every way to hear of events, without waiting for a worker's answer, that needs no further package. */
export const SHIPPED_PEERS: readonly Opener[] = [
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
