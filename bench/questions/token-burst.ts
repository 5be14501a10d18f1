import { type CheckedPeer, withPeers } from "../harness/checked-peer.ts";
import { firstTokens } from "../harness/corpus.ts";
import { burstCost } from "../harness/cost.ts";
import { tokenLoad } from "../harness/load.ts";
import type { Profile } from "../harness/profile.ts";
import type { Context, Question } from "../harness/question.ts";
import { inRounds, type Trial } from "../harness/rounds.ts";
import { costPeers } from "../peers/shipped.ts";
import { offThreadName } from "../peers/sidecall.ts";

const TOKENS_PER_SEND = 50;
const BURSTS = { full: [100, 2_000, 30_000], quick: [100, 2_000] };

/** Leaves the longest burst out for a user's own handler: it would take a heavy one minutes. */
function burstsOf({ own }: Context, { name }: Profile): readonly number[] {
  return own === undefined ? BURSTS[name] : BURSTS[name].slice(0, 2);
}

async function trialsOf(peer: CheckedPeer, context: Context, profile: Profile): Promise<Trial[]> {
  const sender = await peer.open(tokenLoad(firstTokens(context.corpus, TOKENS_PER_SEND)));
  return burstsOf(context, profile).map((burst, i) => ({
    peer: peer.name,
    x: burst,
    // The shorter bursts warm the same code, and the longest takes one peer half a minute.
    isWarm: i > 1,
    measure: () => burstCost(sender, burst / TOKENS_PER_SEND, profile.burstMillis),
  }));
}

export const tokenBurst: Question = {
  name: "token-burst",
  asks: "What does a token cost the main thread, in bursts that are sent without pause?",
  base: offThreadName(1),
  takesOwn: true,
  axis: "tokens in a burst",
  answer(context, profile) {
    return withPeers(costPeers(context, this.name), async (peers) => {
      const trials = await Promise.all(peers.map((peer) => trialsOf(peer, context, profile)));
      return inRounds(trials.flat(), profile);
    });
  },
};
