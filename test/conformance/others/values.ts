import type { Other } from "./other.ts";

// biome-ignore format: a table reads by its columns
export const VALUES: readonly Other[] = [
  { id: "v1", text: "binary data of every class arrives with its class and bytes, in memory of its own, in events of any length", source: "langfuse/langfuse#7740, langfuse/langfuse#11177, kriszyp/msgpackr#48" },
  { id: "v2", text: "objects of the platform and of other realms arrive as themselves or as a stand-in, never as an empty object", source: "langchain-ai/langchainjs#1154, oven-sh/bun#32867" },
  { id: "v3", text: "an object's toJSON decides what traces show of it, so that the keys of models stay hidden", source: "langchain-ai/langchainjs#6627, griptape-ai/griptape#722, langchain-ai/langchain#32184" },
  { id: "v4", text: "one tracer writes the same wherever it runs, and the content of a message once", source: "langfuse/langfuse#7629, langfuse/langfuse#9225" },
  { id: "v5", text: "cycles are cut where they close, through errors, maps and undefined properties too", source: "langchain-ai/langchainjs#8348, langchain-ai/langsmith-sdk#1101, langchain-ai/langsmith-sdk#1133" },
];
