/*
 * Names of counts in the usage that providers report. A new provider is a row of FORMATS, and its details are entries of
 * the tables below it.
 */

/** The counts that details belong to. */
export type Side = "input" | "output";

/** Names of a request's counts. Others than these are details, or kinds that only this provider has. */
export interface UsageFormat {
  readonly of: string;
  readonly input: string;
  readonly output: string;
  readonly total?: string;
  /** Names of counts that `input` leaves out, so that they add to it; they are details as well. */
  readonly besideInput?: readonly string[];
  readonly besideOutput?: readonly string[];
}

/** The first format that has a count gives it: gateways write zeros under the names of other formats. */
export const FORMATS: readonly UsageFormat[] = [
  {
    of: "OpenAI Chat Completions and those that follow it: Mistral, Groq, DeepSeek, xAI, OpenRouter, vLLM",
    input: "prompt_tokens",
    output: "completion_tokens",
    total: "total_tokens",
  },
  {
    of: "LangChain, OpenAI Responses, Cohere; Anthropic, whose cache stands beside the input",
    input: "input_tokens",
    output: "output_tokens",
    total: "total_tokens",
    besideInput: ["cache_creation_input_tokens", "cache_read_input_tokens"],
  },
  {
    of: "LangChain.js's llmOutput, AI SDK 4, Mistral's SDK",
    input: "promptTokens",
    output: "completionTokens",
    total: "totalTokens",
  },
  {
    of: "AI SDK 5 and 6; Bedrock Converse, whose cache stands beside the input",
    input: "inputTokens",
    output: "outputTokens",
    total: "totalTokens",
    besideInput: ["cacheReadInputTokens", "cacheWriteInputTokens"],
  },
  {
    of: "Gemini, whose thoughts stand beside the candidates",
    input: "promptTokenCount",
    output: "candidatesTokenCount",
    total: "totalTokenCount",
    besideInput: ["toolUsePromptTokenCount"],
    besideOutput: ["thoughtsTokenCount"],
  },
  {
    of: "Gemini Live",
    input: "promptTokenCount",
    output: "responseTokenCount",
    total: "totalTokenCount",
    besideInput: ["toolUsePromptTokenCount"],
    besideOutput: ["thoughtsTokenCount"],
  },
  {
    of: "Bedrock's invocation metrics",
    input: "inputTokenCount",
    output: "outputTokenCount",
    besideInput: ["cacheReadInputTokenCount", "cacheWriteInputTokenCount"],
  },
  { of: "Ollama", input: "prompt_eval_count", output: "eval_count" },
];

/** Objects, or Gemini's lists by modality, that hold details. */
export const DETAIL_OBJECTS: ReadonlyMap<string, Side> = new Map([
  ["input_token_details", "input"],
  ["input_tokens_details", "input"],
  ["prompt_tokens_details", "input"],
  ["inputTokenDetails", "input"],
  ["promptTokensDetails", "input"],
  ["cache_creation", "input"],
  ["output_token_details", "output"],
  ["output_tokens_details", "output"],
  ["completion_tokens_details", "output"],
  ["outputTokenDetails", "output"],
  ["completionTokensDetails", "output"],
  ["candidatesTokensDetails", "output"],
  ["responseTokensDetails", "output"],
]);

/** Details that stand among the counts themselves, and the names that LangChain gives them. */
export const FLAT_DETAILS: ReadonlyMap<string, readonly [side: Side, kind: string]> = new Map([
  ["cache_read_input_tokens", ["input", "cache_read"]],
  ["cache_creation_input_tokens", ["input", "cache_creation"]],
  ["cacheReadInputTokens", ["input", "cache_read"]],
  ["cacheWriteInputTokens", ["input", "cache_creation"]],
  ["cacheReadInputTokenCount", ["input", "cache_read"]],
  ["cacheWriteInputTokenCount", ["input", "cache_creation"]],
  ["cachedInputTokens", ["input", "cache_read"]],
  ["cachedContentTokenCount", ["input", "cache_read"]],
  ["prompt_cache_hit_tokens", ["input", "cache_read"]],
  ["cached_tokens", ["input", "cache_read"]],
  ["toolUsePromptTokenCount", ["input", "tool_use"]],
  ["thoughtsTokenCount", ["output", "reasoning"]],
  ["reasoningTokens", ["output", "reasoning"]],
  ["reasoning_tokens", ["output", "reasoning"]],
]);

/** Kinds of details by the names that LangChain gives them. */
export const KINDS: ReadonlyMap<string, string> = new Map([
  ["cached_tokens", "cache_read"],
  ["cachedTokens", "cache_read"],
  ["cacheReadTokens", "cache_read"],
  ["cacheRead", "cache_read"],
  ["cache_write_tokens", "cache_creation"],
  ["cacheWriteTokens", "cache_creation"],
  ["cacheWrite", "cache_creation"],
  ["noCacheTokens", "no_cache"],
  ["noCache", "no_cache"],
  ["reasoning_tokens", "reasoning"],
  ["reasoningTokens", "reasoning"],
  ["audio_tokens", "audio"],
  ["audioTokens", "audio"],
  ["text_tokens", "text"],
  ["textTokens", "text"],
  ["image_tokens", "image"],
  ["imageTokens", "image"],
  ["video_tokens", "video"],
]);

/** Objects that repeat the counts as the provider itself wrote them. */
export const REPEATED: ReadonlySet<string> = new Set(["raw"]);

/** Objects that the counts of some providers stand in: Cohere's, of which `tokens` are those that the model has read. */
export const WRAPPERS = ["tokens", "billed_units", "billedUnits"] as const;

/** Keys of usage in messages, then in responses and metadata. An estimate counts for want of a count. */
export const MESSAGE_KEYS = ["usage_metadata", "usageMetadata", "usage"] as const;
export const RESPONSE_KEYS = [
  // Of an AI SDK's result with several steps; its `usage` is the last step's.
  "totalUsage",
  ...MESSAGE_KEYS,
  "tokenUsage",
  "token_usage",
  "meta",
  "amazon-bedrock-invocationMetrics",
] as const;
export const ESTIMATE_KEYS = ["estimatedTokenUsage"] as const;
