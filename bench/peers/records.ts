import { v7 as uuidv7 } from "uuid";
import { now } from "../../src/common/clock.ts";
import type { AnyEventRecord, EventRecord } from "../../src/core/events.ts";
import type { Chat, Peer, Send } from "./peer.ts";

/*
 * The records that sidecall's managers make, for peers that have no manager.
 */

const FIRST = Object.freeze({ prompt: 0, completion: 0 });

function identity(runId: string) {
  return {
    runId,
    parentRunId: undefined,
    traceId: runId,
    tags: [],
    timestamp: now(),
  };
}

export function startRecord(runId: string, instruction: string): EventRecord<"on_chat_model_start"> {
  const messages = [[{ role: "user", content: instruction }]];
  return {
    event: "on_chat_model_start",
    ...identity(runId),
    serialized: { name: "bench" },
    messages,
    metadata: {},
  };
}

export function tokenRecord(runId: string, token: string): EventRecord<"on_llm_new_token"> {
  return { event: "on_llm_new_token", ...identity(runId), token, index: FIRST };
}

export function endRecord(runId: string, answer: string): EventRecord<"on_llm_end"> {
  return { event: "on_llm_end", ...identity(runId), response: { generations: [[{ text: answer }]] } };
}

/** Gives one event on its way. Resolves when the application may go on. */
export type Give = (record: AnyEventRecord) => Promise<void>;

/** Senders that make each event's record and give it away, one awaited after the other. */
export function recordSenders(give: Give): Pick<Peer, "tokenSender" | "chatSender"> {
  return {
    async tokenSender(tokens: readonly string[]): Promise<Send> {
      const runId = uuidv7();
      await give(startRecord(runId, ""));
      return async () => {
        for (const token of tokens) await give(tokenRecord(runId, token));
      };
    },
    async chatSender(chats: readonly Chat[]): Promise<Send> {
      return async () => {
        for (const { instruction, tokens, answer } of chats) {
          const runId = uuidv7();
          await give(startRecord(runId, instruction));
          for (const token of tokens) await give(tokenRecord(runId, token));
          await give(endRecord(runId, answer));
        }
      };
    },
  };
}
