import type { BatchOptions } from "./options.ts";
import type { BatchSummary } from "./statistics.ts";

/**
 * Sends every request of a batch file to a model server, each as one chat-model run of the manager, and writes one
 * record per line as they finish. Nothing that a line, the server or a handler does ends the batch: it becomes a
 * record. Resolves with what came of it, also when the signal stopped it (`interrupted`).
 *
 * Handlers are neither flushed nor closed. Memory holds the requests under way and every custom_id.
 * Rejects with SIDECALL_OPTION_INVALID, SIDECALL_SERVER_UNREACHABLE, SIDECALL_FILE_NOT_WRITABLE, or what reading
 * the input or writing the output failed with; with SIDECALL_BATCH_INTERRUPTED when stopped before it began.
 */
export async function runBatch(options: BatchOptions): Promise<BatchSummary> {
  const { runBatchFile } = await import("./engine.ts");
  return runBatchFile(options);
}
