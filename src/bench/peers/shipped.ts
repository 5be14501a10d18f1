import type { Opener } from "../harness/question.ts";
import { piscinaPeer } from "./piscina.ts";
import { inlinePeer, noHandlerPeer, offThreadPeer } from "./sidecall.ts";

/** Every way to hear of events, without waiting for a worker's answer, that needs no further package. */
export const SHIPPED_PEERS: readonly Opener[] = [
  noHandlerPeer,
  () => inlinePeer(1),
  () => offThreadPeer({ handlers: 1 }),
  () => offThreadPeer({ handlers: 8 }),
  () => piscinaPeer("default"),
  () => piscinaPeer("deep"),
];
