import { type CheckedPeer, withPeers } from "../harness/checked-peer.ts";
import { runsWithoutTokens } from "../harness/corpus.ts";
import { burstCost, pacedCost } from "../harness/cost.ts";
import { chatLoad, type Load } from "../harness/load.ts";
import type { Profile } from "../harness/profile.ts";
import type { Question } from "../harness/question.ts";
import { inRounds, named, type Trial } from "../harness/rounds.ts";
import { costPeers } from "../peers/shipped.ts";
import { offThreadName } from "../peers/sidecall.ts";

const RUNS_PER_SEND = 10;
const SENDS_PER_BURST = { full: 40, quick: 5 };

async function trialOf(peer: CheckedPeer, load: Load, profile: Profile): Promise<Trial> {
  const sender = await peer.open(load);
  return {
    peer: peer.name,
    measure: async () => [
      ...named("burst", await burstCost(sender, SENDS_PER_BURST[profile.name], profile.burstMillis)),
      ...named("paced", await pacedCost(sender, profile.pacedMillis)),
    ],
  };
}

export const lifecycle: Question = {
  name: "lifecycle",
  asks: "What does a lifecycle event cost the main thread? (Half of a chat model's start and end.)",
  base: offThreadName(1),
  takesOwn: true,
  answer(context, profile) {
    const load = chatLoad(runsWithoutTokens(context.corpus, RUNS_PER_SEND));
    return withPeers(costPeers(context, this.name), async (peers) =>
      inRounds(await Promise.all(peers.map((peer) => trialOf(peer, load, profile))), profile),
    );
  },
};
