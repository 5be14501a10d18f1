import { UsageMetadataCallbackHandler } from "../handlers/accounting/usage-metadata.ts";
import { RunCollector } from "../tracers/run-collector.ts";
import { withContext } from "./context.ts";

/*
 * Handlers for the length of a call: those of all managers that are configured within it, at any depth, and of no other.
 */

/**
 * Calls `body` and counts what its model runs use; gives back what `body` returns. When a promise is returned, the
 * counting goes on until it has settled.
 *
 * ```ts
 * const usage = await withUsageMetadata(async (counter) => {
 *   await answer(question);
 *   return counter.usageMetadata;
 * });
 * ```
 */
export function withUsageMetadata<T>(body: (usage: UsageMetadataCallbackHandler) => T): T {
  const usage = new UsageMetadataCallbackHandler();
  return withContext({ handlers: [usage] }, () => body(usage));
}

/** Calls `body` and collects the trees of its root runs in `collector.tracedRuns`; gives back what `body` returns. */
export function withRunCollector<T>(body: (collector: RunCollector) => T): T {
  const collector = new RunCollector();
  return withContext({ handlers: [collector] }, () => body(collector));
}
