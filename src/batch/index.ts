/*
 * `sidecall/batch`: files of prompts through a model server, every run traced.
 */

export { runBatch } from "./batch.ts";
export type { BatchOptions } from "./options.ts";
export type { BatchFailure, BatchProgress, BatchSummary, Quantiles } from "./statistics.ts";
