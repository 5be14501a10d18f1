import type { Context, Opener } from "../harness/question.ts";
import { inlineOwnPeer, offThreadOwnPeer } from "./own.ts";
import { piscinaPeer } from "./piscina.ts";
import { inlinePeer, noHandlerPeer, offThreadPeer } from "./sidecall.ts";

/** Every way to hear of events without waiting for a worker's answer; with a handler of the user's, the two that matter for it. */
export function costPeers({ own, guests }: Context, question: string): readonly Opener[] {
  if (own !== undefined) return [noHandlerPeer, () => inlineOwnPeer(own), () => offThreadOwnPeer(own)];
  return [
    noHandlerPeer,
    () => inlinePeer(1),
    () => offThreadPeer({ handlers: 1 }),
    () => offThreadPeer({ handlers: 8 }),
    () => piscinaPeer("default"),
    () => piscinaPeer("deep"),
    ...guests(question, 1),
  ];
}
