import { runsWithoutTokens } from "./harness/corpus.ts";
import { measureCost, withPeers } from "./harness/cost.ts";
import { chatLoad } from "./harness/load.ts";
import type { Question } from "./harness/question.ts";
import { piscinaPeer } from "./peers/piscina.ts";
import { offThreadName, offThreadPeer } from "./peers/sidecall.ts";

const RUNS_PER_SEND = 10;

export const roundTrip: Question = {
  name: "round-trip",
  asks: "How long does a lifecycle event take until it is handled? (One at a time, each awaited.)",
  base: offThreadName(1, "handled"),
  answer(corpus, effort) {
    const load = chatLoad(runsWithoutTokens(corpus, RUNS_PER_SEND));
    return withPeers(
      [offThreadPeer(1, "handled"), offThreadPeer(8, "handled"), piscinaPeer("awaited")],
      (peers) => measureCost(peers, load, effort, "round trip"),
    );
  },
};
