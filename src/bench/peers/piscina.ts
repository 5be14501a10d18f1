import { performance } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import { v7 as uuidv7 } from "uuid";
import type { AnyEventRecord, EventRecord } from "../../events.ts";
import type { Counts } from "../handlers/counts.ts";
import { type Chat, nothing, type Peer, type Send } from "./peer.ts";

const TASK = fileURLToPath(new URL("../handlers/counting-task.js", import.meta.url));
const FIRST = Object.freeze({ prompt: 0, completion: 0 });

function identity(runId: string) {
  return {
    runId,
    parentRunId: undefined,
    traceId: runId,
    tags: [],
    timestamp: performance.timeOrigin + performance.now(),
  };
}

function startRecord(runId: string, instruction: string): EventRecord<"on_chat_model_start"> {
  const messages = [[{ role: "user", content: instruction }]];
  return {
    event: "on_chat_model_start",
    ...identity(runId),
    serialized: { name: "bench" },
    messages,
    metadata: {},
  };
}

function tokenRecord(runId: string, token: string): EventRecord<"on_llm_new_token"> {
  return { event: "on_llm_new_token", ...identity(runId), token, index: FIRST };
}

function endRecord(runId: string, answer: string): EventRecord<"on_llm_end"> {
  return { event: "on_llm_end", ...identity(runId), response: { generations: [[{ text: answer }]] } };
}

export const PISCINA = "Piscina task";
export const PISCINA_DEEP = "Piscina task, deep";
const PISCINA_AWAITED = "Piscina task, awaited";

const NAMES = { default: PISCINA, deep: PISCINA_DEEP, awaited: PISCINA_AWAITED };
/** So many that every task is posted to the worker when it is issued. */
const DEEP = { concurrentTasksPerWorker: 65_536 };

/**
 * The same records, each as the argument of a task for Piscina's one worker. "default": with Piscina's defaults, which post
 * a task when the one before it has come back. "deep": all tasks posted at once. "awaited": defaults, one task at a time.
 */
export async function piscinaPeer(mode: keyof typeof NAMES): Promise<Peer> {
  const depth = mode === "deep" ? DEEP : {};
  const pool = new Piscina({ filename: TASK, minThreads: 1, maxThreads: 1, ...depth });
  let tasks: Promise<void>[] = [];
  const give = (record: AnyEventRecord): Promise<void> => {
    const task = pool.run(record) as Promise<void>;
    if (mode === "awaited") return task;
    tasks.push(task);
    return nothing();
  };
  return {
    name: NAMES[mode],
    isSlow: true,
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
    async delivered() {
      const given = tasks;
      tasks = [];
      await Promise.all(given);
    },
    counts: async () => [(await pool.run(undefined, { name: "counts" })) as Counts],
    close: () => pool.close(),
  };
}
