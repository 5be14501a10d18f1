import { measureCost, withPeers } from "./harness/cost.ts";
import { tokenLoad } from "./harness/load.ts";
import type { Question } from "./harness/question.ts";
import { allPeers } from "./peers/all.ts";
import { offThreadName } from "./peers/sidecall.ts";

const TOKENS_PER_SEND = 50;

export const tokenCost: Question = {
  name: "token-cost",
  asks: "What does a token cost the main thread?",
  base: offThreadName(1, "queued"),
  answer({ chats }, effort) {
    const load = tokenLoad(chats.flatMap(({ tokens }) => tokens).slice(0, TOKENS_PER_SEND));
    return withPeers(allPeers(), (peers) => measureCost(peers, load, effort, "call"));
  },
};
