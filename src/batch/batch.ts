import type { BatchOptions } from "./options.ts";
import type { BatchSummary } from "./statistics.ts";

/**
 * Sends every request of a batch file to a model server, each as one chat-model run of the manager, and writes one
 * record per line as they finish. A bad line or a failed request becomes a record with an error; a failing handler is
 * reported; none of them ends the batch. Resolves with a summary, also when the signal stopped it (`interrupted`).
 *
 * Handlers are neither flushed nor closed. Memory holds the open requests and every custom_id.
 * Rejects with SIDECALL_OPTION_INVALID, SIDECALL_SERVER_UNREACHABLE, SIDECALL_FILE_NOT_WRITABLE, the error of reading
 * the input or writing the output, or SIDECALL_BATCH_INTERRUPTED if it is stopped before its first request.
 */
export async function runBatch(options: BatchOptions): Promise<BatchSummary> {
  const { runBatchFile } = await import("./engine.ts");
  return runBatchFile(options);
}
