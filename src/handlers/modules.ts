/*
 * Where the handlers that ship are, to be placed off-thread:
 * `offThread({ module: fileHandlerModule, options: { path: "log.txt" } })`.
 */

/** A token-statistics module; its options are `TokenStatisticsOptions`. */
export const tokenStatisticsModule = new URL("./accounting/token-statistics.js", import.meta.url);

/** A usage-metadata module; it takes no options. */
export const usageMetadataModule = new URL("./accounting/usage-metadata.js", import.meta.url);

/** A file-handler module; its options are `FileHandlerOptions`. */
export const fileHandlerModule = new URL("./printing/file.js", import.meta.url);
