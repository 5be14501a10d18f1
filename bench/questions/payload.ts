import { type CheckedPeer, withPeers } from "../harness/checked-peer.ts";
import { burstCost } from "../harness/cost.ts";
import { chatLoad } from "../harness/load.ts";
import type { Profile } from "../harness/profile.ts";
import type { Context, Question } from "../harness/question.ts";
import { inRounds, type Trial } from "../harness/rounds.ts";
import { piscinaPeer } from "../peers/piscina.ts";
import { postMessagePeer } from "../peers/post-message.ts";
import { inlinePeer, offThreadName, offThreadPeer } from "../peers/sidecall.ts";

const BYTES = [100, 1_000, 10_000, 100_000, 2_000_000];
/** A burst is this much text, but at least one run. */
const BYTES_PER_BURST = 200_000;
const MAX_RUNS_PER_BURST = 400;
/** Holds two of the longest texts at two bytes a character. */
const RING_BYTES = 16 * 1024 * 1024;

/** Joins answers of the corpus up to that many characters, nearly all of them one byte in UTF-8. */
function textOf({ chats }: Context["corpus"], characters: number): string {
  let text = "";
  while (text.length < characters) text += chats.map(({ answer }) => answer).join("\n");
  return text.slice(0, characters);
}

async function trialOf(peer: CheckedPeer, text: string, profile: Profile): Promise<Trial> {
  const sender = await peer.open(chatLoad([{ instruction: "", tokens: [], answer: text }]));
  const runs = Math.min(MAX_RUNS_PER_BURST, Math.ceil(BYTES_PER_BURST / text.length));
  return {
    peer: peer.name,
    x: text.length,
    measure: () => burstCost(sender, runs, profile.burstMillis),
  };
}

export const payload: Question = {
  name: "payload",
  asks: "What does a lifecycle event cost the main thread, the longer its text? (Half of a start without text and an end with it.)",
  base: offThreadName(1),
  axis: "characters in an answer",
  answer({ corpus, externalPeers }, profile) {
    const texts = BYTES.map((bytes) => textOf(corpus, bytes));
    const openers = [
      () => inlinePeer(1),
      () => offThreadPeer({ handlers: 1, ringBytes: RING_BYTES }),
      postMessagePeer,
      () => piscinaPeer("default"),
      ...externalPeers(this.name, 1),
    ];
    return withPeers(openers, async (peers) => {
      const trials = peers.flatMap((peer) => texts.map((text) => trialOf(peer, text, profile)));
      return inRounds(await Promise.all(trials), profile);
    });
  },
};
