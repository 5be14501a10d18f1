import { type CheckedPeer, withPeers } from "../harness/checked-peer.ts";
import { firstTokens } from "../harness/corpus.ts";
import { burstCost } from "../harness/cost.ts";
import { type Load, tokenLoad } from "../harness/load.ts";
import type { Profile } from "../harness/profile.ts";
import type { Context, Question } from "../harness/question.ts";
import { inRounds, type Trial } from "../harness/rounds.ts";
import { handlersName, inlinePeer, offThreadPeer } from "../peers/sidecall.ts";

const HANDLERS = { full: [1, 2, 4, 8, 16, 32, 64], quick: [1, 8, 64] };
const TOKENS_PER_SEND = 50;
const SENDS_PER_BURST = 20;

/** Strips the number of handlers, which is on the axis, from a peer's name. */
function familyOf(name: string, handlers: number): string {
  return name.replace(`, ${handlersName(handlers)}`, "");
}

async function trialOf(peer: CheckedPeer, handlers: number, load: Load, profile: Profile): Promise<Trial> {
  const sender = await peer.open(load);
  return {
    peer: familyOf(peer.name, handlers),
    x: handlers,
    measure: () => burstCost(sender, SENDS_PER_BURST, profile.burstMillis),
  };
}

export const fanOut: Question = {
  name: "fan-out",
  asks: "What does a token cost the main thread, the more handlers there are?",
  base: "off-thread",
  axis: "handlers",
  answer({ corpus, externalPeers }: Context, profile) {
    const load = tokenLoad(firstTokens(corpus, TOKENS_PER_SEND));
    const opened = HANDLERS[profile.name].flatMap((handlers) =>
      [
        () => inlinePeer(handlers),
        () => offThreadPeer({ handlers }),
        ...externalPeers(this.name, handlers),
      ].map((open) => ({ open, handlers })),
    );
    return withPeers(
      opened.map(({ open }) => open),
      async (peers) => {
        const trials = peers.map((peer, i) => trialOf(peer, opened[i]?.handlers ?? 1, load, profile));
        return inRounds(await Promise.all(trials), profile);
      },
    );
  },
};
