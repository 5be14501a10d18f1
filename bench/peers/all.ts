import { langChainPeer } from "./langchain.ts";
import type { Peer } from "./peer.ts";
import { piscinaPeer } from "./piscina.ts";
import { inlinePeer, noHandlerPeer, offThreadPeer } from "./sidecall.ts";

/** Every way to hear of events without waiting for a worker's answer. */
export function allPeers(): (Peer | Promise<Peer>)[] {
  return [
    noHandlerPeer(),
    inlinePeer(),
    offThreadPeer(1, "queued"),
    offThreadPeer(8, "queued"),
    piscinaPeer("default"),
    piscinaPeer("deep"),
    langChainPeer(1, true),
    langChainPeer(8, true),
    langChainPeer(1, false),
    langChainPeer(8, false),
  ];
}
