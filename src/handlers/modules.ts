import type { HandlerModule } from "../core/handler.ts";
import type { TokenStatistics } from "./accounting/token-statistics.ts";
import type { UsageMetadataCallbackHandler } from "./accounting/usage-metadata.ts";
import type { FileCallbackHandler } from "./printing/file.ts";

/*
 * Modules of the built-in handlers, to place them off-thread:
 * `offThread({ module: fileHandlerModule, options: { path: "log.txt" } })`.
 */

/** Module of `createTokenStatistics`; its options are `TokenStatisticsOptions`. */
export const tokenStatisticsModule: HandlerModule<TokenStatistics> = new URL(
  "./accounting/token-statistics.js",
  import.meta.url,
);

/** Module of `UsageMetadataCallbackHandler`; it has no options. */
export const usageMetadataModule: HandlerModule<UsageMetadataCallbackHandler> = new URL(
  "./accounting/usage-metadata.js",
  import.meta.url,
);

/** Module of `FileCallbackHandler`; its options are `FileHandlerOptions`. */
export const fileHandlerModule: HandlerModule<FileCallbackHandler> = new URL(
  "./printing/file.js",
  import.meta.url,
);
