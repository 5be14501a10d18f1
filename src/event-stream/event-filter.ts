import { fill, type OptionsOf, strings } from "../common/options.ts";

export const FILTER_OPTIONS = {
  /** @default all names */
  includeNames: strings(),
  /** @default all types */
  includeTypes: strings(),
  /** Runs that have one of these tags. @default all tags, and none */
  includeTags: strings(),
  /** @default [] */
  excludeNames: strings(),
  /** @default [] */
  excludeTypes: strings(),
  /** @default [] */
  excludeTags: strings(),
};

/**
 * Which events a stream has: with any `include…`, those that match at least one of them, and of these the ones that
 * match no `exclude…`. Types are "chain", "prompt", "parser", "llm", "chat_model", "tool", "retriever"; a custom
 * event's name is its type too.
 */
export type StreamEventFilters = OptionsOf<typeof FILTER_OPTIONS>;

/** What is asked of a filter: whether it lets an event of that name, run type and tags pass. */
export type EventFilter = (name: string, type: string, tags: readonly string[]) => boolean;

function setOf(list: readonly string[] | undefined): ReadonlySet<string> | undefined {
  return list && new Set(list);
}

/** Throws SIDECALL_OPTION_INVALID. */
export function eventFilter(filters: StreamEventFilters): EventFilter {
  const resolved = fill(FILTER_OPTIONS, filters);
  const names = setOf(resolved.includeNames);
  const types = setOf(resolved.includeTypes);
  const tags = setOf(resolved.includeTags);
  const noNames = setOf(resolved.excludeNames);
  const noTypes = setOf(resolved.excludeTypes);
  const noTags = setOf(resolved.excludeTags);
  const takesAll = names === undefined && types === undefined && tags === undefined;
  const isTagged = (runTags: readonly string[], wanted: ReadonlySet<string> | undefined) =>
    wanted !== undefined && runTags.some((tag) => wanted.has(tag));
  return (name, type, runTags) => {
    const isIncluded = takesAll || names?.has(name) || types?.has(type) || isTagged(runTags, tags);
    return isIncluded === true && !noNames?.has(name) && !noTypes?.has(type) && !isTagged(runTags, noTags);
  };
}
