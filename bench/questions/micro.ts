import { type CheckedPeer, withPeers } from "../../src/bench/harness/checked-peer.ts";
import { runsWithoutTokens } from "../../src/bench/harness/corpus.ts";
import type { Effort } from "../../src/bench/harness/effort.ts";
import { chatLoad, type Load, tokenLoad } from "../../src/bench/harness/load.ts";
import type { Question } from "../../src/bench/harness/question.ts";
import { inRounds, type Trial } from "../../src/bench/harness/rounds.ts";
import { costPeers } from "../../src/bench/peers/shipped.ts";
import { offThreadName } from "../../src/bench/peers/sidecall.ts";
import { someTokens } from "../../src/bench/questions/token-burst.ts";
import { timeCalls } from "./calls.ts";

const TOKENS_PER_SEND = 50;
const RUNS_PER_SEND = 10;

async function trialOf(
  peer: CheckedPeer,
  loads: Readonly<Record<string, Load>>,
  effort: Effort,
): Promise<Trial> {
  const senders = await Promise.all(
    Object.entries(loads).map(async ([metric, load]) => ({ metric, sender: await peer.open(load) })),
  );
  return {
    peer: peer.name,
    async measure() {
      const readings = [];
      for (const { metric, sender } of senders) {
        readings.push({ metric, unit: "µs/event", value: await timeCalls(sender, effort) });
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
  answer(context, effort) {
    const { corpus } = context;
    const loads = {
      token: tokenLoad(someTokens(corpus, TOKENS_PER_SEND)),
      "lifecycle event": chatLoad(runsWithoutTokens(corpus, RUNS_PER_SEND)),
    };
    return withPeers(costPeers(context, "token-burst"), async (peers) =>
      inRounds(await Promise.all(peers.map((peer) => trialOf(peer, loads, effort))), effort),
    );
  },
};
