import type { HandlerModule } from "../core/handler.ts";
import type { TokenStatistics } from "./accounting/token-statistics.ts";
import type { UsageMetadataCallbackHandler } from "./accounting/usage-metadata.ts";
import type { FileCallbackHandler } from "./printing/file.ts";

/*
 * Where the handlers that ship are, to be placed off-thread:
 * `offThread({ module: fileHandlerModule, options: { path: "log.txt" } })`.
 */

/** A token-statistics module; its options are `TokenStatisticsOptions`. */
export const tokenStatisticsModule: HandlerModule<TokenStatistics> = new URL(
  "./accounting/token-statistics.js",
  import.meta.url,
);

/** A usage-metadata module; it takes no options. */
export const usageMetadataModule: HandlerModule<UsageMetadataCallbackHandler> = new URL(
  "./accounting/usage-metadata.js",
  import.meta.url,
);

/** A file-handler module; its options are `FileHandlerOptions`. */
export const fileHandlerModule: HandlerModule<FileCallbackHandler> = new URL(
  "./printing/file.js",
  import.meta.url,
);
