import type { Other } from "./other.ts";

// biome-ignore format: a table reads by its columns
export const ORDER: readonly Other[] = [
  { id: "o1", text: "tokens that are sent without await, and the end behind them, keep their order beside a runInline handler whose time varies", source: "anthropics/anthropic-sdk-typescript#775, langchain-ai/langchain#11769" },
  { id: "o2", text: "a custom event that is sent without await before the end is in the trace", source: "langchain-ai/langchain#11769" },
  { id: "o3", text: "a value that the application changes after a call without await arrives off-thread as it was at the call", source: "anthropics/anthropic-sdk-typescript#775" },
  { id: "o4", text: "no call without await leaves an unhandled rejection after an abort", source: "OpenRouterTeam/typescript-agent#113, anthropics/anthropic-sdk-typescript#383, langchain-ai/langchainjs#11647" },
  { id: "o5", text: "a failure of a call without await is reported once", source: "langchain-ai/langchainjs#11647" },
  { id: "o6", text: "a handler that judges answers with a model of its own is not called by that model's answers", source: "langchain-ai/langchainjs#7168, langchain-ai/langchainjs#7174, langchain-ai/langchain#7031" },
];
