import { setImmediate as immediate } from "node:timers/promises";
import { CheckedPeer } from "../harness/checked-peer.ts";
import { answerParent } from "../harness/child.ts";
import { generated } from "../harness/corpus.ts";
import { chatLoad } from "../harness/load.ts";
import type { Peer } from "../peers/peer.ts";
import { inlinePeer, noHandlerPeer, offThreadPeer } from "../peers/sidecall.ts";

const PEERS = {
  "no handler": noHandlerPeer,
  inline: () => inlinePeer(1),
  "off-thread": () => offThreadPeer({ handlers: 1 }),
} satisfies Record<string, () => Peer | Promise<Peer>>;

export interface MemoryTask {
  readonly peer: keyof typeof PEERS;
  /** Ascending: the numbers of tokens after which memory is looked at. */
  readonly tokens: readonly number[];
}

/** Bytes, once all is delivered and the main thread's garbage is gone. */
export interface MemoryUse {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
}

const TOKENS_PER_RUN = 500;
const COLLECTIONS = 3;

async function memoryUse(): Promise<MemoryUse> {
  for (let collection = 0; collection < COLLECTIONS; collection += 1) {
    globalThis.gc?.();
    await immediate();
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heapUsed, external };
}

await answerParent<MemoryTask, MemoryUse[]>(async ({ peer: name, tokens }) => {
  const peer = new CheckedPeer(await PEERS[name]());
  const text = generated()
    .chats.flatMap((chat) => chat.tokens)
    .slice(0, TOKENS_PER_RUN);
  const sender = await peer.open(chatLoad([{ instruction: "", tokens: text, answer: "" }]));
  const uses: MemoryUse[] = [];
  let sent = 0;
  for (const target of tokens) {
    for (; sent < target; sent += TOKENS_PER_RUN) await sender.send();
    await peer.verify();
    uses.push(await memoryUse());
  }
  await peer.peer.close();
  return uses;
});
