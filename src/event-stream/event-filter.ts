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
 * Selects the events of a stream. With any `include…` an event must match at least one of them; it must match no
 * `exclude…`. Types are "chain", "prompt", "parser", "llm", "chat_model", "tool", "retriever"; a custom event's name is
 * its type too.
 */
export type StreamEventFilters = OptionsOf<typeof FILTER_OPTIONS>;

/** Whether a stream has an event with this name, run type and tags. */
export type EventFilter = (name: string, type: string, tags: readonly string[]) => boolean;

function setOf(list: readonly string[] | undefined): ReadonlySet<string> | undefined {
  return list && new Set(list);
}

/** Compiles the filters. Throws SIDECALL_OPTION_INVALID. */
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
