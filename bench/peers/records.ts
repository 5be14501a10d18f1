import { v7 as uuidv7 } from "uuid";
import { now } from "../../src/common/clock.ts";
import type { AnyEventRecord, EventRecord } from "../../src/core/events.ts";
import type { Chat, Peer, Send } from "../harness/peer.ts";

/*
 * Makes the records that sidecall's managers make, for peers without a manager.
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

/** Sends one event. Resolves when the application may go on. */
export type SendRecord = (record: AnyEventRecord) => Promise<void>;

/** Senders that make each event's record and await `send` for it. */
export function recordSenders(send: SendRecord): Pick<Peer, "tokenSender" | "chatSender"> {
  return {
    async tokenSender(tokens: readonly string[]): Promise<Send> {
      const runId = uuidv7();
      await send(startRecord(runId, ""));
      return async () => {
        for (const token of tokens) await send(tokenRecord(runId, token));
      };
    },
    async chatSender(chats: readonly Chat[]): Promise<Send> {
      return async () => {
        for (const { instruction, tokens, answer } of chats) {
          const runId = uuidv7();
          await send(startRecord(runId, instruction));
          for (const token of tokens) await send(tokenRecord(runId, token));
          await send(endRecord(runId, answer));
        }
      };
    },
  };
}
