import { performance } from "node:perf_hooks";
import { spread } from "./harness/corpus.ts";
import { inTurn, withPeers } from "./harness/cost.ts";
import type { Effort } from "./harness/effort.ts";
import { chatLoad, Sender } from "./harness/load.ts";
import type { Question } from "./harness/question.ts";
import type { Series } from "./harness/series.ts";
import type { Peer } from "./peers/peer.ts";
import { piscinaPeer } from "./peers/piscina.ts";
import { offThreadName, offThreadPeer } from "./peers/sidecall.ts";

/** A Piscina task per token is so much slower that a part of the text must do. */
const PISCINA_CHATS = 20;

export const DELIVERED = "delivered";

interface Rates {
  readonly sender: Sender;
  readonly dispatched: number[];
  readonly delivered: number[];
}

/** Sends all the text, with backpressure as it comes, and waits until the handlers have counted it. */
async function measure({ sender, dispatched, delivered }: Rates, { passes }: Effort): Promise<void> {
  globalThis.gc?.();
  const tokens = passes * sender.load.counts.tokens;
  const start = performance.now();
  for (let pass = 0; pass < passes; pass += 1) await sender.send();
  dispatched.push((tokens * 1000) / (performance.now() - start));
  await sender.peer.delivered();
  delivered.push((tokens * 1000) / (performance.now() - start));
  await sender.verify();
}

async function measureRates(senders: readonly Sender[], effort: Effort): Promise<Series[]> {
  const figures = senders.map((sender) => ({ sender, dispatched: [], delivered: [] }));
  for (const sender of senders)
    await measure({ sender, dispatched: [], delivered: [] }, { ...effort, passes: 1 });
  for (let round = 0; round < effort.rounds; round += 1) {
    for (const one of inTurn(figures, round)) await measure(one, effort);
  }
  return figures.flatMap(({ sender, dispatched, delivered }) => {
    const common = { peer: sender.peer.name, unit: "tokens/s" };
    return [
      { ...common, metric: "dispatched", rounds: dispatched },
      { ...common, metric: DELIVERED, rounds: delivered },
    ];
  });
}

export const throughput: Question = {
  name: "throughput",
  asks: "How many tokens a second are dispatched, delivered and decoded through one lane?",
  base: offThreadName(1, "queued"),
  answer({ chats }, effort) {
    const load = chatLoad(chats);
    const part = chatLoad(spread(chats, PISCINA_CHATS));
    const loadOf = (peer: Peer) => (peer.name.startsWith("Piscina") ? part : load);
    return withPeers(
      [offThreadPeer(1, "queued"), offThreadPeer(8, "queued"), piscinaPeer("default"), piscinaPeer("deep")],
      async (peers) =>
        measureRates(await Promise.all(peers.map((peer) => Sender.open(peer, loadOf(peer)))), effort),
    );
  },
};
