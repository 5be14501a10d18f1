import { type CheckedPeer, withPeers } from "../harness/checked-peer.ts";
import { firstTokens } from "../harness/corpus.ts";
import { pacedCost, TICK_MILLIS } from "../harness/cost.ts";
import { tokenLoad } from "../harness/load.ts";
import type { Context, Question } from "../harness/question.ts";
import { inRounds, type Trial } from "../harness/rounds.ts";
import { costPeers } from "../peers/shipped.ts";
import { offThreadName } from "../peers/sidecall.ts";

const TOKENS_PER_SECOND = [200, 2_000, 20_000];

async function trialOf(
  peer: CheckedPeer,
  tokensPerSecond: number,
  { corpus }: Context,
  millis: number,
): Promise<Trial> {
  const tokens = firstTokens(corpus, (tokensPerSecond * TICK_MILLIS) / 1000);
  const sender = await peer.open(tokenLoad(tokens));
  return { peer: peer.name, x: tokensPerSecond, measure: () => pacedCost(sender, millis) };
}

export const tokenPaced: Question = {
  name: "token-paced",
  asks: "What does a token cost the main thread at a steady pace, timers and wake-ups included?",
  base: offThreadName(1),
  takesOwn: true,
  axis: "tokens a second",
  answer(context, profile) {
    return withPeers(costPeers(context, this.name), async (peers) => {
      const trials = peers.flatMap((peer) =>
        TOKENS_PER_SECOND.map((pace) => trialOf(peer, pace, context, profile.pacedMillis)),
      );
      return inRounds(await Promise.all(trials), profile);
    });
  },
};
