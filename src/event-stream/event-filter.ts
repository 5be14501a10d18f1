import { invalidOption } from "../common/validate.ts";

/**
 * Selects the events of a stream. With any `include…` an event must match at least one of them; it must match no
 * `exclude…`. Types are "chain", "prompt", "parser", "llm", "chat_model", "tool", "retriever"; a custom event's name is
 * its type too.
 */
export interface StreamEventFilters {
  /** @default all names */
  readonly includeNames?: readonly string[];
  /** @default all types */
  readonly includeTypes?: readonly string[];
  /** Matches runs with at least one of these tags. @default all runs, with tags or without */
  readonly includeTags?: readonly string[];
  /** @default [] */
  readonly excludeNames?: readonly string[];
  /** @default [] */
  readonly excludeTypes?: readonly string[];
  /** @default [] */
  readonly excludeTags?: readonly string[];
}

export const FILTER_KEYS = [
  "includeNames",
  "includeTypes",
  "includeTags",
  "excludeNames",
  "excludeTypes",
  "excludeTags",
] as const satisfies (keyof StreamEventFilters)[];

/** Whether a stream has an event with this name, run type and tags. */
export type EventFilter = (name: string, type: string, tags: readonly string[]) => boolean;

function setOf(filters: StreamEventFilters, key: (typeof FILTER_KEYS)[number]): Set<string> | undefined {
  const given: unknown = filters[key];
  if (given === undefined) return undefined;
  // A Set made from a lone string would hold its letters.
  if (!Array.isArray(given) || !given.every((each) => typeof each === "string"))
    throw invalidOption(key, "an array of strings", given);
  return new Set(given);
}

/** Compiles the filters. Throws SIDECALL_OPTION_INVALID. */
export function eventFilter(filters: StreamEventFilters): EventFilter {
  const [names, types, tags, noNames, noTypes, noTags] = FILTER_KEYS.map((key) => setOf(filters, key));
  const takesAll = names === undefined && types === undefined && tags === undefined;
  const isTagged = (runTags: readonly string[], wanted: Set<string> | undefined) =>
    wanted !== undefined && runTags.some((tag) => wanted.has(tag));
  return (name, type, runTags) => {
    const isIncluded = takesAll || names?.has(name) || types?.has(type) || isTagged(runTags, tags);
    return isIncluded === true && !noNames?.has(name) && !noTypes?.has(type) && !isTagged(runTags, noTags);
  };
}
