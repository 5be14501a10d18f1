/*
 * Modules of the built-in handlers, to place them off-thread:
 * `offThread({ module: fileHandlerModule, options: { path: "log.txt" } })`.
 */

/** Module of `createTokenStatistics`; its options are `TokenStatisticsOptions`. */
export const tokenStatisticsModule = new URL("./accounting/token-statistics.js", import.meta.url);

/** Module of `UsageMetadataCallbackHandler`; it has no options. */
export const usageMetadataModule = new URL("./accounting/usage-metadata.js", import.meta.url);

/** Module of `FileCallbackHandler`; its options are `FileHandlerOptions`. */
export const fileHandlerModule = new URL("./printing/file.js", import.meta.url);
