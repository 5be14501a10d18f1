import { setImmediate as immediate } from "node:timers/promises";
import { CheckedPeer, type Sender } from "../harness/checked-peer.ts";
import { answerParent } from "../harness/child.ts";
import { generated } from "../harness/corpus.ts";
import { chatLoad, tokenLoad } from "../harness/load.ts";
import type { Peer } from "../harness/peer.ts";
import { inlinePeer, noHandlerPeer, offThreadPeer } from "../peers/sidecall.ts";

const PEERS = {
  "no handler": noHandlerPeer,
  inline: () => inlinePeer(1),
  "off-thread": () => offThreadPeer({ handlers: 1 }),
} satisfies Record<string, () => Peer | Promise<Peer>>;

export interface MemoryTask {
  readonly peer: keyof typeof PEERS;
  /** Numbers of tokens after which memory is measured, ascending. */
  readonly tokens: readonly number[];
}

/** Bytes in use after delivery and a garbage collection on the main thread. */
interface Kept {
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
}

export interface MemoryUse extends Kept {
  /** Bytes per token on the main thread's heap that the next garbage collection frees. */
  readonly garbage: number;
}

const TOKENS_PER_RUN = 500;
const COLLECTIONS = 3;
/** Unoptimised code leaves more garbage per token: sends until it is optimised. */
const WARM_SENDS = 200;
/** Few enough that no collection runs among them: one comes about every megabyte. */
const GARBAGE_SENDS = 2;

async function kept(): Promise<Kept> {
  for (let collection = 0; collection < COLLECTIONS; collection += 1) {
    globalThis.gc?.();
    await immediate();
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  return { rss, heapUsed, external };
}

/** Measures the garbage per token of a run that stays open, the caller's `await` included. */
async function garbagePerToken(sender: Sender): Promise<number> {
  for (let send = 0; send < WARM_SENDS; send += 1) await sender.send();
  await sender.peer.verify();
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  for (let send = 0; send < GARBAGE_SENDS; send += 1) await sender.send();
  const grown = process.memoryUsage().heapUsed - before;
  return grown / (GARBAGE_SENDS * sender.load.events);
}

await answerParent<MemoryTask, MemoryUse[]>(async ({ peer: name, tokens }) => {
  const peer = new CheckedPeer(await PEERS[name]());
  const text = generated()
    .chats.flatMap((chat) => chat.tokens)
    .slice(0, TOKENS_PER_RUN);
  const sender = await peer.open(chatLoad([{ instruction: "", tokens: text, answer: "" }]));
  const open = await peer.open(tokenLoad(text));
  const uses: MemoryUse[] = [];
  let sent = 0;
  for (const target of tokens) {
    for (; sent < target; sent += TOKENS_PER_RUN) await sender.send();
    await peer.verify();
    uses.push({ ...(await kept()), garbage: await garbagePerToken(open) });
    await peer.verify();
  }
  await peer.peer.close();
  return uses;
});
