import { type CheckedPeer, withPeers } from "../harness/checked-peer.ts";
import { firstTokens, runsWithoutTokens } from "../harness/corpus.ts";
import { chatLoad, type Load, tokenLoad } from "../harness/load.ts";
import type { Profile } from "../harness/profile.ts";
import type { Question } from "../harness/question.ts";
import { inRounds, type Trial } from "../harness/rounds.ts";
import { costPeers } from "../peers/shipped.ts";
import { offThreadName } from "../peers/sidecall.ts";
import { timeCalls } from "./calls.ts";

const TOKENS_PER_SEND = 50;
const RUNS_PER_SEND = 10;

async function trialOf(
  peer: CheckedPeer,
  loads: Readonly<Record<string, Load>>,
  profile: Profile,
): Promise<Trial> {
  const senders = await Promise.all(
    Object.entries(loads).map(async ([metric, load]) => ({ metric, sender: await peer.open(load) })),
  );
  return {
    peer: peer.name,
    async measure() {
      const readings = [];
      for (const { metric, sender } of senders) {
        readings.push({ metric, unit: "µs/event", value: await timeCalls(sender, profile) });
        await peer.verify();
      }
      return readings;
    },
  };
}

export const micro: Question = {
  name: "micro",
  asks: "How long does a call take until its promise has resolved, by Benchmark.js, one call after the other?",
  base: offThreadName(1),
  answer(context, profile) {
    const { corpus } = context;
    const loads = {
      token: tokenLoad(firstTokens(corpus, TOKENS_PER_SEND)),
      "lifecycle event": chatLoad(runsWithoutTokens(corpus, RUNS_PER_SEND)),
    };
    return withPeers(costPeers(context, "token-burst"), async (peers) =>
      inRounds(await Promise.all(peers.map((peer) => trialOf(peer, loads, profile))), profile),
    );
  },
};
