import { availableParallelism } from "node:os";
import { performance } from "node:perf_hooks";
import { type CheckedPeer, type Sender, withPeers } from "../harness/checked-peer.ts";
import { spread } from "../harness/corpus.ts";
import { collectGarbage } from "../harness/garbage.ts";
import { chatLoad } from "../harness/load.ts";
import type { Profile } from "../harness/profile.ts";
import type { Opener, Question } from "../harness/question.ts";
import { inRounds, type Reading, type Trial } from "../harness/rounds.ts";
import { piscinaPeer } from "../peers/piscina.ts";
import { postMessagePeer } from "../peers/post-message.ts";
import { rawRingPeer } from "../peers/raw-ring.ts";
import { offThreadName, offThreadPeer } from "../peers/sidecall.ts";

const CHATS = { full: 805, quick: 40 };
const PASSES = { full: 3, quick: 1 };
/** For peers with `isSlow`. */
const CHATS_FOR_SLOW = { full: 20, quick: 3 };

export const DELIVERED = "delivered";

/** Measures tokens per second for all the text, backpressure included: dispatched, and handled. */
async function rates(sender: Sender, profile: Profile): Promise<Reading[]> {
  const passes = sender.peer.peer.isSlow ? 1 : PASSES[profile.name];
  collectGarbage();
  const start = performance.now();
  for (let pass = 0; pass < passes; pass += 1) await sender.send();
  const dispatchedMillis = performance.now() - start;
  await sender.peer.delivered();
  const deliveredMillis = performance.now() - start;
  await sender.peer.verify();
  const perSecond = passes * sender.load.counts.tokens * 1000;
  return [
    { metric: "dispatched", unit: "tokens/s", value: perSecond / dispatchedMillis },
    { metric: DELIVERED, unit: "tokens/s", value: perSecond / deliveredMillis },
  ];
}

/** Returns 1, 2, 4 … below the number of cores, and that number. */
function laneCounts(cores: number): number[] {
  const counts = [];
  for (let lanes = 1; lanes < cores; lanes *= 2) counts.push(lanes);
  return [...counts, cores];
}

export const throughput: Question = {
  name: "throughput",
  asks: "How many tokens a second are dispatched and delivered, through how many lanes?",
  base: offThreadName(1),
  axis: "lanes",
  answer({ corpus, externalPeers }, profile) {
    const load = chatLoad(spread(corpus.chats, CHATS[profile.name]));
    const part = chatLoad(spread(corpus.chats, CHATS_FOR_SLOW[profile.name]));
    const lanes = laneCounts(availableParallelism());
    const single: Opener[] = [
      () => offThreadPeer({ handlers: 8 }),
      () => piscinaPeer("default"),
      () => piscinaPeer("deep"),
      postMessagePeer,
      rawRingPeer,
      ...externalPeers(this.name, 1),
    ];
    const trial = async (peer: CheckedPeer, x: number): Promise<Trial> => {
      const sender = await peer.open(peer.peer.isSlow ? part : load);
      return { peer: peer.name, x, measure: () => rates(sender, profile) };
    };
    return withPeers(
      [...lanes.map((count) => () => offThreadPeer({ handlers: 1, lanes: count })), ...single],
      async (peers) =>
        inRounds(await Promise.all(peers.map((peer, i) => trial(peer, lanes[i] ?? 1))), profile),
    );
  },
};
