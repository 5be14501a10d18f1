import type { Other } from "./other.ts";

// biome-ignore format: a table reads by its columns
export const MESSAGES: readonly Other[] = [
  { id: "m1", text: "messages give their text in every form: roles, types and classes; contents of strings, blocks and parts", source: "Arize-ai/openinference#3819, langchain-ai/langchain#31599" },
  { id: "m2", text: "an answer's tool calls count as tokens by names and arguments, each once, even if the message has it in two places", source: "langchain-ai/langchainjs#9427, langchain-ai/langchain#34378" },
  { id: "m3", text: "input tokens include what Anthropic and Bedrock count beside them, and the cache stays apart in the details", source: "langchain-ai/langchainjs#9519, langfuse/langfuse#12306" },
  { id: "m4", text: "Gemini's thoughts count as output", source: "Wei-Shaw/sub2api#554, Helicone/helicone#5604" },
  { id: "m5", text: "cached tokens, and usage that stands in several places, are counted once", source: "langfuse/langfuse#10592, braintrustdata/braintrust-sdk-python#445" },
  { id: "m6", text: "a traced error has its causes, parts, code, status, request id and plain fields", source: "vercel/otel#122, GoogleChromeLabs/comlink#594" },
  { id: "m7", text: "a traced error has no credentials, whatever its client left in it", source: "axios/axios#2648, axios/axios#6919" },
];
