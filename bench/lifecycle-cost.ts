import { runsWithoutTokens } from "./harness/corpus.ts";
import { measureCost, withPeers } from "./harness/cost.ts";
import { chatLoad } from "./harness/load.ts";
import type { Question } from "./harness/question.ts";
import { allPeers } from "./peers/all.ts";
import { offThreadName } from "./peers/sidecall.ts";

const RUNS_PER_SEND = 10;

export const lifecycleCost: Question = {
  name: "lifecycle-cost",
  asks: "What does a lifecycle event cost the main thread? (Half of a chat model's start and end.)",
  base: offThreadName(1, "queued"),
  answer(corpus, effort) {
    const load = chatLoad(runsWithoutTokens(corpus, RUNS_PER_SEND));
    return withPeers(allPeers(), (peers) => measureCost(peers, load, effort, "call"));
  },
};
