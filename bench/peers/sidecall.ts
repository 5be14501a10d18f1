import { AsyncCallbackManager, type Completion, offThread } from "../../src/index.ts";
import CountingHandler from "../handlers/counting.ts";
import { type Chat, nothing, type Peer, type Send } from "./peer.ts";

const SERIALIZED = { name: "bench" };
/** The default of `offThread`, spelled out because `checkRoom` needs it. */
const RING_BYTES = 4 * 1024 * 1024;

async function startRun(manager: AsyncCallbackManager, instruction: string) {
  const [run] = await manager.onChatModelStart(SERIALIZED, [[{ role: "user", content: instruction }]]);
  if (run === undefined) throw new Error("Expected one run manager for one conversation, got none.");
  return run;
}

function senders(manager: AsyncCallbackManager): Pick<Peer, "tokenSender" | "chatSender"> {
  return {
    async tokenSender(tokens: readonly string[]): Promise<Send> {
      const run = await startRun(manager, "");
      return async () => {
        for (const token of tokens) await run.onLLMNewToken(token);
      };
    },
    async chatSender(chats: readonly Chat[]): Promise<Send> {
      return async () => {
        for (const { instruction, tokens, answer } of chats) {
          const run = await startRun(manager, instruction);
          for (const token of tokens) await run.onLLMNewToken(token);
          await run.onLLMEnd({ generations: [[{ text: answer }]] });
        }
      };
    },
  };
}

/** A manager that nobody listens to: what the benchmark's loop and the manager cost by themselves. */
export function noHandlerPeer(): Peer {
  return {
    name: "no handler",
    ...senders(new AsyncCallbackManager()),
    delivered: nothing,
    counts: async () => [],
    close: nothing,
  };
}

export function inlinePeer(): Peer {
  const handler = new CountingHandler();
  return {
    name: "inline, 1 handler",
    ...senders(new AsyncCallbackManager({ handlers: [handler] })),
    delivered: nothing,
    counts: async () => [handler.counts()],
    close: nothing,
  };
}

export function offThreadName(handlers: number, completion: Completion): string {
  const count = handlers === 1 ? "1 handler" : `${handlers} handlers`;
  return completion === "queued" ? `off-thread, ${count}` : `off-thread handled, ${count}`;
}

/** One lane that runs all handlers, given as one list of specs. */
export async function offThreadPeer(handlers: number, completion: Completion): Promise<Peer> {
  const module = new URL("../handlers/counting.js", import.meta.url);
  const specs = Array.from({ length: handlers }, (_, i) => ({ module, name: `counting-${i}` }));
  const handler = await offThread<CountingHandler>(specs, { completion, ringBytes: RING_BYTES });
  return {
    name: offThreadName(handlers, completion),
    ...senders(new AsyncCallbackManager({ handlers: [handler] })),
    delivered: () => handler.flush(),
    async counts() {
      return (await Promise.all(Object.values(handler.remotes).map((remote) => remote.counts()))).flat();
    },
    checkRoom(bytes) {
      const used = handler.stats().bufferedBytes + bytes;
      if (used <= RING_BYTES) return;
      throw new Error(`Expected the events to fit a ring of ${RING_BYTES} bytes, got ${used} bytes of them.`);
    },
    close: () => handler.close(),
  };
}
