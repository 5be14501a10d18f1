import { type CheckedPeer, withPeers } from "../harness/checked-peer.ts";
import { burstCost } from "../harness/cost.ts";
import { NOTHING } from "../harness/counts.ts";
import { chatLoad, type Load, tokenLoad } from "../harness/load.ts";
import type { Send } from "../harness/peer.ts";
import type { Profile } from "../harness/profile.ts";
import type { Question } from "../harness/question.ts";
import { inRounds, named, type Trial } from "../harness/rounds.ts";
import { noHandlerPeer, offThreadName, offThreadPeer } from "../peers/sidecall.ts";

const OPEN_RUNS = { full: [1, 10, 1_000, 100_000], quick: [10, 10_000] };
const TOKEN = " token";
const RUN = { instruction: "", tokens: [TOKEN], answer: TOKEN };
const TOKENS_PER_BURST = 2_000;
const RUNS_PER_BURST = 500;

/** Keeps that many runs open; each send is a token of the next one, in rotation. */
function rotatingLoad(runs: number): Load {
  return {
    ...tokenLoad([TOKEN]),
    opening: { ...NOTHING, starts: runs },
    async prepare(peer) {
      const senders: Send[] = [];
      for (let run = 0; run < runs; run += 1) senders.push(await peer.tokenSender([TOKEN]));
      let next = 0;
      return async () => {
        await senders[next]?.();
        next = (next + 1) % runs;
      };
    },
  };
}

async function trialOf(peer: CheckedPeer, runs: number, { burstMillis }: Profile): Promise<Trial> {
  const tokens = await peer.open(rotatingLoad(runs));
  const churn = await peer.open(chatLoad([RUN]));
  return {
    peer: peer.name,
    x: runs,
    measure: async () => [
      ...named("token", await burstCost(tokens, TOKENS_PER_BURST, burstMillis)),
      ...named("run", await burstCost(churn, RUNS_PER_BURST, burstMillis)),
    ],
  };
}

export const openRuns: Question = {
  name: "open-runs",
  asks: "What does an event cost the main thread, the more runs are open? (A token of one of them; a run of three events beside them.)",
  base: offThreadName(1),
  axis: "open runs",
  answer(_context, profile) {
    const opened = OPEN_RUNS[profile.name].flatMap((runs) =>
      [noHandlerPeer, () => offThreadPeer({ handlers: 1 })].map((open) => ({ open, runs })),
    );
    return withPeers(
      opened.map(({ open }) => open),
      async (peers) => {
        const trials: Trial[] = [];
        for (const [i, peer] of peers.entries())
          trials.push(await trialOf(peer, opened[i]?.runs ?? 1, profile));
        return inRounds(trials, profile);
      },
    );
  },
};
