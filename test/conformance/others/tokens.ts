import type { Other } from "./other.ts";

// biome-ignore format: a table reads by its columns
export const TOKENS: readonly Other[] = [
  { id: "t1", text: "the tokens of a run's choices can be told apart, and are never mixed in one text", source: "langchain-ai/langchain#19185" },
  { id: "t2", text: "a delta whose content is null, undefined or a list of blocks is a token with the blocks' text", source: "langchain-ai/langchain#7180, yihong0618/xiaogpt#353, langchain-ai/langchainjs#2762, langchain-ai/langchainjs#6936" },
  { id: "t3", text: "an answer that is read late or never holds its run no longer than it says, and loses nothing", source: "shloimy-wiesel/ai-sdk-stream-python#45, langchain-ai/langchain#13344" },
  { id: "t4", text: "a thread that reads tokens and ends, in whatever way, lets the run go on", source: "langchain-ai/langchain#13344", shownBy: ["test/token-queue/readers.test.ts: a reader's thread that ends after"] },
];
