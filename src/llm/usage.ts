import { isObject, type JsonObject } from "../common/json-object.ts";
import type { LLMResult } from "../core/payloads.ts";

/*
 * Usage of model runs in LangChain's terms, read from the payloads of any provider. Every function here takes payloads of
 * any shape: values that are no counts are left out, and nothing throws.
 */

/**
 * Token counts by kind, such as `cache_read` or `reasoning`; kinds that only some providers have are kept. No value is ever
 * undefined; the type allows it so that {@link UsageMetadata} extends it without exactOptionalPropertyTypes too.
 */
export interface TokenDetails {
  readonly [kind: string]: number | TokenDetails | undefined;
}

/** The usage of models, in tokens as the provider counts them. */
export interface UsageMetadata extends TokenDetails {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly total_tokens: number;
  readonly input_token_details?: TokenDetails;
  readonly output_token_details?: TokenDetails;
}

/** Names of OpenAI and LangChain.js, each with the name in LangChain's usage metadata. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ["prompt_tokens", "input_tokens"],
  ["promptTokens", "input_tokens"],
  ["completion_tokens", "output_tokens"],
  ["completionTokens", "output_tokens"],
  ["totalTokens", "total_tokens"],
  ["prompt_tokens_details", "input_token_details"],
  ["input_tokens_details", "input_token_details"],
  ["completion_tokens_details", "output_token_details"],
  ["output_tokens_details", "output_token_details"],
  ["cached_tokens", "cache_read"],
  ["cache_write_tokens", "cache_creation"],
  ["audio_tokens", "audio"],
  ["reasoning_tokens", "reasoning"],
]);

/** Providers nest counts once; deeper values are no counts. */
const MAX_DEPTH = 3;

function countsOf(value: JsonObject, above: readonly JsonObject[]): TokenDetails {
  const counts = new Map<string, number | TokenDetails>();
  const path = [...above, value];
  for (const key of Object.keys(value)) {
    const name = ALIASES.get(key) ?? key;
    // A count under both names is one count.
    if (name === "__proto__" || (name !== key && counts.has(name))) continue;
    const count = countOf(value[key], path);
    if (count !== undefined) counts.set(name, count);
  }
  return Object.fromEntries(counts);
}

function countOf(value: unknown, path: readonly JsonObject[]): number | TokenDetails | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? value : undefined;
  if (!isObject(value) || path.length > MAX_DEPTH || path.includes(value)) return undefined;
  const counts = countsOf(value, path);
  return Object.keys(counts).length === 0 ? undefined : counts;
}

function detailsOf(value: number | TokenDetails | undefined): TokenDetails | undefined {
  return typeof value === "object" ? value : undefined;
}

/** A provider's counts as usage metadata; undefined if they are none. */
function usageOf(value: unknown): UsageMetadata | undefined {
  if (!isObject(value)) return undefined;
  const { input_tokens, output_tokens, total_tokens, input_token_details, output_token_details, ...rest } =
    countsOf(value, []);
  const given = [input_tokens, output_tokens, total_tokens].map((count) =>
    typeof count === "number" ? count : undefined,
  );
  if (given.every((count) => count === undefined)) return undefined;
  const [input = 0, output = 0, total = input + output] = given;
  const inputDetails = detailsOf(input_token_details);
  const outputDetails = detailsOf(output_token_details);
  return {
    input_tokens: input,
    output_tokens: output,
    total_tokens: total,
    ...(inputDetails && { input_token_details: inputDetails }),
    ...(outputDetails && { output_token_details: outputDetails }),
    ...rest,
  };
}

/** Returns what `into` returns, or undefined if it throws: getters of provider objects may. */
export function attempt<T>(into: () => T): T | undefined {
  try {
    return into();
  } catch {
    return undefined;
  }
}

function readUsage(value: unknown): UsageMetadata | undefined {
  return attempt(() => usageOf(value));
}

function addCount(a: number | TokenDetails | undefined, b: number | TokenDetails): number | TokenDetails {
  if (typeof a === "number" && typeof b === "number") return a + b;
  if (typeof a === "object" && typeof b === "object") return addCounts(a, b);
  return a ?? b;
}

function addCounts(a: TokenDetails, b: TokenDetails): TokenDetails {
  const sum = new Map(Object.entries(a));
  for (const [kind, count] of Object.entries(b)) {
    if (count !== undefined) sum.set(kind, addCount(sum.get(kind), count));
  }
  return Object.fromEntries(sum);
}

/** The sum of two usages, with details and counts of unknown kinds. Values that are no numbers are left out. */
export function addUsage(a: UsageMetadata | undefined, b: UsageMetadata | undefined): UsageMetadata {
  const sum = usageOf(addCounts(readUsage(a) ?? {}, readUsage(b) ?? {}));
  return sum ?? { input_tokens: 0, output_tokens: 0, total_tokens: 0 };
}

function firstUsage(holder: unknown, keys: readonly string[]): UsageMetadata | undefined {
  if (!isObject(holder)) return undefined;
  for (const key of keys) {
    const usage = readUsage(holder[key]);
    if (usage !== undefined) return usage;
  }
  return undefined;
}

const OWN_KEYS = ["usage_metadata", "usage"];
const RESPONSE_KEYS = ["usage_metadata", "usage", "tokenUsage", "token_usage"];

/** The fields of a generation's message, which LangChain may have serialized. */
export function messageFields(generation: JsonObject): JsonObject | undefined {
  const { message } = generation;
  if (!isObject(message)) return undefined;
  return isObject(message["kwargs"]) ? message["kwargs"] : message;
}

/** Usage that the message itself reports. */
function ownUsage(generation: JsonObject): UsageMetadata | undefined {
  return firstUsage(messageFields(generation), OWN_KEYS);
}

/** Usage that came along with a generation, often a copy of the whole response's. */
function attachedUsage(generation: JsonObject): UsageMetadata | undefined {
  return (
    firstUsage(messageFields(generation)?.["response_metadata"], RESPONSE_KEYS) ??
    firstUsage(generation["generationInfo"], RESPONSE_KEYS)
  );
}

function isSameTotal(a: UsageMetadata, b: UsageMetadata): boolean {
  return a.input_tokens === b.input_tokens && a.output_tokens === b.output_tokens;
}

function sum(usages: readonly UsageMetadata[]): UsageMetadata | undefined {
  return usages.length === 0 ? undefined : usages.reduce(addUsage);
}

function sumOf(
  generations: readonly JsonObject[],
  usageOfOne: (generation: JsonObject) => UsageMetadata | undefined,
  whole: UsageMetadata | undefined,
): UsageMetadata | undefined {
  const usages = generations.flatMap((generation) => attempt(() => usageOfOne(generation)) ?? []);
  // Some providers repeat the usage of the whole request on each of its choices.
  if (whole !== undefined && usages.every((usage) => isSameTotal(usage, whole))) return usages[0];
  return sum(usages);
}

/** Every readable generation of every prompt. Never throws. */
export function generationsOf(response: LLMResult): readonly JsonObject[] {
  const lists: unknown = attempt(() => response.generations.flat());
  return Array.isArray(lists) ? lists.filter(isObject) : [];
}

/**
 * The usage of a model run, over all generations of all prompts: from their messages (`usage_metadata`, also of serialized
 * LangChain messages, or OpenAI's `usage`), else from `llmOutput` (`usage`, `tokenUsage`), else from the metadata that came
 * with the generations. Undefined if none of them reports usage. Never throws.
 */
export function sumUsage(response: LLMResult): UsageMetadata | undefined {
  const generations = generationsOf(response);
  const whole = attempt(() => firstUsage(response.llmOutput, RESPONSE_KEYS));
  return sumOf(generations, ownUsage, whole) ?? whole ?? sumOf(generations, attachedUsage, undefined);
}
