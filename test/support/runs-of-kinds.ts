import type { AnyEventRecord, AsyncCallbackManager } from "../../src/index.ts";

/** Starts a run of each kind, as an application does; with the events of its start and error. */
export const KINDS = {
  llm: {
    start: async (manager: AsyncCallbackManager) => (await manager.onLLMStart({ name: "llm" }, ["p"]))[0],
    events: ["on_llm_start", "on_llm_error"],
  },
  "chat model": {
    start: async (manager: AsyncCallbackManager) =>
      (await manager.onChatModelStart({ name: "chat" }, [[{ role: "user", content: "p" }]]))[0],
    events: ["on_chat_model_start", "on_llm_error"],
  },
  chain: {
    start: (manager: AsyncCallbackManager) => manager.onChainStart({ name: "chain" }, {}),
    events: ["on_chain_start", "on_chain_error"],
  },
  tool: {
    start: (manager: AsyncCallbackManager) => manager.onToolStart({ name: "tool" }, "in"),
    events: ["on_tool_start", "on_tool_error"],
  },
  retriever: {
    start: (manager: AsyncCallbackManager) => manager.onRetrieverStart({ name: "retriever" }, "q"),
    events: ["on_retriever_start", "on_retriever_error"],
  },
} as const;

export type KindName = keyof typeof KINDS;
export const KIND_NAMES = Object.keys(KINDS) as readonly KindName[];

export function isError({ event }: AnyEventRecord): boolean {
  return event.endsWith("_error");
}

/** Ids of runs that began and have no end, and of those that have more than one. */
export function wrongEnds(records: readonly AnyEventRecord[]): string[] {
  const ends = records.filter(({ event }) => event.endsWith("_end") || event.endsWith("_error"));
  const starts = records.filter(({ event }) => event.endsWith("_start"));
  return starts
    .filter(({ runId }) => ends.filter((end) => end.runId === runId).length !== 1)
    .map(({ event, runId }) => `${event} ${runId}`);
}
