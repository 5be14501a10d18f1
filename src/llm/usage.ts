import { attempt } from "../common/attempt.ts";
import { isObject, type JsonObject } from "../common/json-object.ts";
import type { LLMResult } from "../core/payloads.ts";
import { cachedOf, readUsage, type TokenDetails, type UsageMetadata } from "./counts.ts";
import { fieldsOf, generationsOf, promptsOf } from "./generations.ts";
import { ESTIMATE_KEYS, MESSAGE_KEYS, RESPONSE_KEYS } from "./usage-formats.ts";

/*
 * Usage of model runs: where a response has it, and sums. Nothing here throws.
 */

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

/** The sum of two usages, with details and counts of unknown kinds. Values that are no counts are left out. */
export function addUsage(a: UsageMetadata | undefined, b: UsageMetadata | undefined): UsageMetadata {
  const sum = readUsage(addCounts(readUsage(a) ?? {}, readUsage(b) ?? {}));
  return sum ?? { input_tokens: 0, output_tokens: 0, total_tokens: 0 };
}

function usageAt(holder: unknown, keys: readonly string[]): UsageMetadata | undefined {
  if (!isObject(holder)) return undefined;
  for (const key of keys) {
    const usage = readUsage(attempt(() => holder[key]));
    if (usage !== undefined) return usage;
  }
  return undefined;
}

/** Usage of a response or of metadata: under a key of its own, else among other values, as Ollama has it. */
function usageIn(holder: unknown): UsageMetadata | undefined {
  return usageAt(holder, RESPONSE_KEYS) ?? readUsage(holder, true);
}

/** Usage that came along with a generation: that of the response which brought it. */
function attachedUsage(generation: JsonObject): UsageMetadata | undefined {
  const fields = fieldsOf(generation);
  const holders = [
    fields?.["response_metadata"],
    generation["generationInfo"],
    fields?.["additional_kwargs"],
    generation,
  ];
  for (const holder of holders) {
    const usage = usageIn(holder);
    if (usage !== undefined) return usage;
  }
  return undefined;
}

/**
 * Usage that the message itself reports. Older versions of LangChain.js leave Anthropic's cache out of its input; the
 * metadata beside it show that.
 */
function ownUsage(generation: JsonObject): UsageMetadata | undefined {
  const fields = fieldsOf(generation);
  const own = usageAt(fields, MESSAGE_KEYS);
  if (own === undefined) return readUsage(fields, true);
  const cached = cachedOf(own.input_token_details ?? {});
  const attached = cached === 0 ? undefined : attachedUsage(generation);
  const whole = { ...own, input_tokens: own.input_tokens + cached };
  return attached !== undefined && isSameTotal(attached, whole) ? attached : own;
}

function isSameTotal(a: UsageMetadata, b: UsageMetadata): boolean {
  return a.input_tokens === b.input_tokens && a.output_tokens === b.output_tokens;
}

type UsageOfOne = (generation: JsonObject) => UsageMetadata | undefined;

function usagesOf(generations: readonly JsonObject[], usageOfOne: UsageOfOne): readonly UsageMetadata[] {
  return generations.flatMap((generation) => attempt(() => usageOfOne(generation)) ?? []);
}

function sum(usages: readonly UsageMetadata[]): UsageMetadata | undefined {
  return usages.length === 0 ? undefined : usages.reduce(addUsage);
}

/** Some providers repeat the usage of the whole request on each of its choices. */
function withoutRepeats(usages: readonly UsageMetadata[], whole = usages[0]): readonly UsageMetadata[] {
  const areRepeats = whole !== undefined && usages.every((usage) => isSameTotal(usage, whole));
  return areRepeats ? usages.slice(0, 1) : usages;
}

/** Choices of one prompt come from one response, so equal metadata are copies of its metadata. */
function attachedSum(response: LLMResult): UsageMetadata | undefined {
  return sum(promptsOf(response).flatMap((choices) => withoutRepeats(usagesOf(choices, attachedUsage))));
}

/**
 * The usage of a model run, over all generations of all prompts: from their messages (`usage_metadata`, `usage`, also of
 * serialized and stored LangChain messages), else from `llmOutput` or the response (`usage`, `tokenUsage`, …), else from the
 * metadata that came with the generations, else an estimate. Undefined if none of them reports usage. Never throws.
 */
export function sumUsage(response: LLMResult): UsageMetadata | undefined {
  const llmOutput = attempt(() => response.llmOutput);
  const whole = usageIn(llmOutput) ?? usageIn(response);
  const own = usagesOf(generationsOf(response), ownUsage);
  const counted = sum(whole === undefined ? own : withoutRepeats(own, whole)) ?? whole;
  return counted ?? attachedSum(response) ?? usageAt(llmOutput, ESTIMATE_KEYS);
}
