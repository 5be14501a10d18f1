import { attempt } from "../common/attempt.ts";
import { isObject, type JsonObject } from "../common/json-object.ts";
import {
  DETAIL_OBJECTS,
  FLAT_DETAILS,
  FORMATS,
  KINDS,
  REPEATED,
  type Side,
  type UsageFormat,
  WRAPPERS,
} from "./usage-formats.ts";

/*
 * One provider's counts in LangChain's terms. Values that are no counts (texts, negative ones, NaN, beyond safe
 * integers) are left out.
 */

/**
 * Token counts by kind, such as `cache_read` or `reasoning`; kinds that only some providers have are kept. No value is ever
 * undefined; the type allows it so that {@link UsageMetadata} extends it without exactOptionalPropertyTypes too.
 */
export interface TokenDetails {
  readonly [kind: string]: number | TokenDetails | undefined;
}

/**
 * The usage of models, in tokens as the provider counts them. `input_tokens` and `output_tokens` are sums over all kinds:
 * with Anthropic and Bedrock, whose own input count leaves the cache out, they include `cache_read` and `cache_creation` of
 * the details, and with Gemini the thoughts.
 */
export interface UsageMetadata extends TokenDetails {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly total_tokens: number;
  readonly input_token_details?: TokenDetails;
  readonly output_token_details?: TokenDetails;
}

type Counts = Map<string, number | TokenDetails>;

/** Providers nest counts once; deeper values are no counts. */
const MAX_DEPTH = 3;
/** No provider has as many; shared parts multiply with each level. */
const MAX_KEYS = 64;

/** Names that are read by the tables, so that they are no kinds of their own. */
const KNOWN: ReadonlySet<string> = new Set([
  ...FORMATS.flatMap(({ input, output, total = input }) => [input, output, total]),
  ...DETAIL_OBJECTS.keys(),
  ...FLAT_DETAILS.keys(),
  ...REPEATED,
]);

function isCount(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= Number.MAX_SAFE_INTEGER;
}

/** Own keys that can name a count. */
function keysOf(value: JsonObject): readonly string[] {
  return Object.keys(value)
    .slice(0, MAX_KEYS)
    .filter((key) => key !== "__proto__");
}

function countsOf(value: JsonObject, above: readonly JsonObject[]): Counts {
  const counts: Counts = new Map();
  const path = [...above, value];
  for (const key of keysOf(value)) {
    const kind = KINDS.get(key) ?? key;
    // A count under both names is one count.
    const count = counts.has(kind) && kind !== key ? undefined : countOf(value[key], path);
    if (count !== undefined) counts.set(kind, count);
  }
  return counts;
}

function countOf(value: unknown, path: readonly JsonObject[]): number | TokenDetails | undefined {
  if (!isObject(value)) return isCount(value) ? value : undefined;
  if (path.length > MAX_DEPTH || path.includes(value)) return undefined;
  const counts = countsOf(value, path);
  return counts.size === 0 ? undefined : Object.fromEntries(counts);
}

/** Gemini's list of counts by modality. */
function countsByModality(list: readonly unknown[]): Counts {
  const counts: Counts = new Map();
  for (const each of list.slice(0, MAX_KEYS)) {
    if (!isObject(each)) continue;
    const { modality, tokenCount } = each;
    if (typeof modality === "string" && isCount(tokenCount)) counts.set(modality.toLowerCase(), tokenCount);
  }
  return counts;
}

function addMissing(to: Counts, more: Counts): void {
  for (const [kind, count] of more) if (!to.has(kind)) to.set(kind, count);
}

/** Details of both sides; a kind that stands in two places is counted once. */
function detailsOf(usage: JsonObject): Record<Side, Counts> {
  const details: Record<Side, Counts> = { input: new Map(), output: new Map() };
  for (const [key, side] of DETAIL_OBJECTS) {
    const value = usage[key];
    if (isObject(value)) addMissing(details[side], countsOf(value, [usage]));
    else if (Array.isArray(value)) addMissing(details[side], countsByModality(value));
  }
  // The AI SDK's providers write an object with a total and its parts in place of a count.
  for (const format of FORMATS) {
    for (const side of ["input", "output"] as const) {
      const value = usage[format[side]];
      if (!isObject(value)) continue;
      const { total: _, ...parts } = value;
      addMissing(details[side], countsOf(parts, [usage]));
    }
  }
  for (const [key, [side, kind]] of FLAT_DETAILS) {
    const count = usage[key];
    if (isCount(count)) addMissing(details[side], new Map([[kind, count]]));
  }
  return details;
}

interface Found {
  readonly count: number;
  readonly format: UsageFormat;
}

/** The count of the first format that has one, those above zero before others. */
function find(usage: JsonObject, key: "input" | "output" | "total"): Found | undefined {
  let zero: Found | undefined;
  for (const format of FORMATS) {
    const value = usage[format[key] ?? ""];
    const count = isObject(value) ? value["total"] : value;
    if (!isCount(count)) continue;
    if (count > 0) return { count, format };
    zero ??= { count, format };
  }
  return zero;
}

function sumOf(usage: JsonObject, names: readonly string[] = []): number {
  return names.reduce((sum, name) => {
    const count = usage[name];
    return isCount(count) ? sum + count : sum;
  }, 0);
}

/** The cached tokens that details name. */
export function cachedOf(details: TokenDetails): number {
  return sumOf(details, ["cache_read", "cache_creation"]);
}

/** The three counts, with what formats count beside them. */
function totalsOf(usage: JsonObject, details: Record<Side, Counts>): [number, number, number] | undefined {
  const found = { input: find(usage, "input"), output: find(usage, "output"), total: find(usage, "total") };
  if (found.input === undefined && found.output === undefined && found.total === undefined) return undefined;
  const input = found.input?.count ?? 0;
  const output = found.output?.count ?? 0;
  const total = found.total?.count;
  const besideInput = sumOf(usage, found.input?.format.besideInput);
  const besideOutput = sumOf(usage, found.output?.format.besideOutput);
  // Some servers of these formats count within what others count beside: their total shows it.
  const isWithin = total === input + output && besideInput <= input && besideOutput <= output;
  if (besideInput + besideOutput > 0 && !isWithin) {
    const sum = input + besideInput + output + besideOutput;
    return [input + besideInput, output + besideOutput, Math.max(total ?? 0, sum)];
  }
  // As does xAI's, which has its reasoning beside the completion.
  const reasoning = details.output.get("reasoning");
  if (isCount(reasoning) && reasoning > 0 && total === input + output + reasoning)
    return [input, output + reasoning, total];
  // As do older versions of LangChain.js with Bedrock's cache.
  const cached = cachedOf(Object.fromEntries(details.input));
  const isCacheBeside = total === input + output + cached;
  return [isCacheBeside ? input + cached : input, output, total ?? input + output];
}

function readCounts(usage: JsonObject, isBare: boolean): UsageMetadata | undefined {
  const details = detailsOf(usage);
  const totals = totalsOf(usage, details);
  if (totals === undefined) return undefined;
  const [input_tokens, output_tokens, total_tokens] = totals;
  const others: Counts = new Map();
  for (const key of isBare ? [] : keysOf(usage)) {
    const count = KNOWN.has(key) ? undefined : countOf(usage[key], [usage]);
    if (count !== undefined) others.set(key, count);
  }
  return {
    input_tokens,
    output_tokens,
    total_tokens,
    ...(details.input.size > 0 && { input_token_details: Object.fromEntries(details.input) }),
    ...(details.output.size > 0 && { output_token_details: Object.fromEntries(details.output) }),
    ...Object.fromEntries(others),
  };
}

/** Counts within another object, beside which a provider may put further ones. */
function readWrapped(usage: JsonObject): UsageMetadata | undefined {
  for (const key of WRAPPERS) {
    const inner = usage[key];
    const counts = isObject(inner)
      ? readCounts({ cached_tokens: usage["cached_tokens"], ...inner }, false)
      : undefined;
    if (counts !== undefined) return counts;
  }
  return undefined;
}

/**
 * A provider's counts as usage metadata; undefined if they are none. `isBare`: they stand among other values, so that only
 * names of the tables count. Never throws.
 */
export function readUsage(value: unknown, isBare = false): UsageMetadata | undefined {
  return attempt(() => (isObject(value) ? (readCounts(value, isBare) ?? readWrapped(value)) : undefined));
}
