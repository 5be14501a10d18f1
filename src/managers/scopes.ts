import { UsageMetadataCallbackHandler } from "../handlers/accounting/usage-metadata.ts";
import { InMemoryTracer } from "../tracers/in-memory-tracer.ts";
import { withContext } from "./context.ts";

/*
 * Handlers for the length of a call: every manager configured within it, at any depth, gets them.
 */

/**
 * Calls `body` and counts the usage of its model runs; returns the result of `body`. If that is a promise, counting goes
 * on until it has settled.
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

/**
 * Calls `body` with a tracer that keeps the trees of the root runs that begin within it; returns what `body` returns.
 *
 * ```ts
 * const trees = await withRunCollector(async (collector) => {
 *   await answer(question);
 *   return collector.runs;
 * });
 * ```
 */
export function withRunCollector<T>(body: (collector: InMemoryTracer) => T): T {
  const collector = new InMemoryTracer();
  return withContext({ handlers: [collector] }, () => body(collector));
}
