import { AsyncCallbackManager } from "../../src/managers/async-manager.ts";
import { offThread } from "../../src/offthread/off-thread.ts";
import type { OffThreadHandler } from "../../src/offthread/off-thread-handler.ts";
import type { Acknowledge } from "../../src/transports/options.ts";
import CountingHandler from "../handlers/counting.ts";
import { add, NOTHING } from "../harness/counts.ts";
import { type Chat, nothing, type Peer, type Send } from "../harness/peer.ts";

const SERIALIZED = { name: "bench" };
/** The default of `offThread`, repeated for `checkRoom`. */
const RING_BYTES = 4 * 1024 * 1024;

export async function startRun(manager: AsyncCallbackManager, instruction: string) {
  const [run] = await manager.onChatModelStart(SERIALIZED, [[{ role: "user", content: instruction }]]);
  if (run === undefined) throw new Error("Expected one run manager for one conversation, got none.");
  return run;
}

/** Senders that call a callback manager. */
export function managerSenders(manager: AsyncCallbackManager): Pick<Peer, "tokenSender" | "chatSender"> {
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

export const NO_HANDLER = "no handler";

/** A manager without handlers: the cost of the benchmark's loop and of the manager alone. */
export function noHandlerPeer(): Peer {
  return {
    name: NO_HANDLER,
    ...managerSenders(new AsyncCallbackManager()),
    delivered: nothing,
    counts: async () => [],
    close: nothing,
  };
}

export function handlersName(handlers: number): string {
  return handlers === 1 ? "1 handler" : `${handlers} handlers`;
}

export function inlineName(handlers: number): string {
  return `inline, ${handlersName(handlers)}`;
}

export function inlinePeer(handlers: number): Peer {
  const counting = Array.from({ length: handlers }, () => new CountingHandler());
  return {
    name: inlineName(handlers),
    ...managerSenders(new AsyncCallbackManager({ handlers: counting })),
    delivered: nothing,
    counts: async () => counting.map((handler) => handler.counts()),
    close: nothing,
  };
}

export function offThreadName(handlers: number, acknowledge: Acknowledge = "queued"): string {
  return `off-thread${acknowledge === "queued" ? "" : " handled"}, ${handlersName(handlers)}`;
}

export interface OffThreadPeerOptions {
  readonly handlers: number;
  /** @default "queued" */
  readonly acknowledge?: Acknowledge;
  /** @default 1 */
  readonly lanes?: number;
  /** Of each lane. @default 4 MiB */
  readonly ringBytes?: number;
}

/** The parts that all peers on lanes share. */
export function laneParts<H extends object>(
  handler: OffThreadHandler<H>,
  ringBytes = RING_BYTES,
): Omit<Peer, "name" | "counts"> {
  return {
    ...managerSenders(new AsyncCallbackManager({ handlers: [handler] })),
    delivered: () => handler.flush(),
    checkRoom(bytes) {
      // One lane may get everything.
      const used = handler.stats().bufferedBytes + bytes;
      if (used <= ringBytes) return;
      throw new Error(`Expected the events to fit a ring of ${ringBytes} bytes, got ${used} bytes of them.`);
    },
    close: () => handler.close(),
  };
}

/** Lanes that each run all handlers. */
export async function offThreadPeer(options: OffThreadPeerOptions): Promise<Peer> {
  const { handlers, acknowledge = "queued", lanes = 1, ringBytes = RING_BYTES } = options;
  const module = new URL("../handlers/counting.js", import.meta.url);
  const specs = Array.from({ length: handlers }, (_, i) => ({ module, name: `counting-${i}` }));
  const handler = await offThread<CountingHandler>(specs, { acknowledge, ringBytes, threads: lanes });
  return {
    name: offThreadName(handlers, acknowledge),
    ...laneParts(handler, ringBytes),
    async counts() {
      const byLane = await Promise.all(Object.values(handler.remotes).map((remote) => remote.counts()));
      return byLane.map((counts) => counts.reduce((sum, lane) => add(sum, lane), NOTHING));
    },
  };
}
