import { setImmediate as immediate } from "node:timers/promises";
import { CallbackManager } from "@langchain/core/callbacks/manager";
import { type BaseMessage, HumanMessage } from "@langchain/core/messages";
import { type Chat, nothing, type Peer, type Send } from "../harness/peer.ts";
import { handlersName } from "../peers/sidecall.ts";
import { LangChainCountingHandler } from "./counting-langchain.ts";

const SERIALIZED = { lc: 1, type: "not_implemented" as const, id: ["bench"] };

async function startRun(manager: CallbackManager, messages: BaseMessage[]) {
  const [run] = await manager.handleChatModelStart(SERIALIZED, [messages]);
  if (run === undefined) throw new Error("Expected one run manager for one conversation, got none.");
  return run;
}

export function langChainName(handlers: number, awaited: boolean): string {
  return `LangChain.js ${awaited ? "awaited" : "background"}, ${handlersName(handlers)}`;
}

/** LangChain.js's own manager. Background handlers go through its one global queue, which drains in microtasks. */
export function langChainPeer(handlers: number, awaited: boolean): Peer {
  const counting = Array.from(
    { length: handlers },
    (_, i) => new LangChainCountingHandler(`counting-${i}`, awaited),
  );
  const manager = new CallbackManager();
  manager.setHandlers(counting);
  return {
    name: langChainName(handlers, awaited),
    async tokenSender(tokens: readonly string[]): Promise<Send> {
      const run = await startRun(manager, [new HumanMessage("")]);
      return async () => {
        for (const token of tokens) await run.handleLLMNewToken(token);
      };
    },
    async chatSender(chats: readonly Chat[]): Promise<Send> {
      const asked = chats.map((chat) => ({ ...chat, messages: [new HumanMessage(chat.instruction)] }));
      return async () => {
        for (const { messages, tokens, answer } of asked) {
          const run = await startRun(manager, messages);
          for (const token of tokens) await run.handleLLMNewToken(token);
          await run.handleLLMEnd({ generations: [[{ text: answer }]] });
        }
      };
    },
    delivered: () => immediate(),
    counts: async () => counting.map((handler) => handler.counts()),
    close: nothing,
  };
}
