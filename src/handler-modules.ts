/*
 * Where the handlers that ship are, to be placed off-thread:
 * `offThread({ module: jsonLinesTracerModule, options: { path: "trace.jsonl" } })`.
 */

/** A token-statistics module; its options are `TokenStatisticsOptions`. */
export const tokenStatisticsModule = new URL("./handlers/token-statistics.js", import.meta.url);

/** A usage-metadata module; it takes no options. */
export const usageMetadataModule = new URL("./handlers/usage-metadata.js", import.meta.url);

/** A file-handler module; its options are `FileHandlerOptions`. */
export const fileHandlerModule = new URL("./handlers/file.js", import.meta.url);

/** A run-tree tracer module; its options are `JsonLinesTracerOptions`. */
export const jsonLinesTracerModule = new URL("./tracers/json-lines-tracer.js", import.meta.url);

/** A tracer for tests, which keeps finished run trees; ask it by `remote.takeRuns()`. It has no options. */
export const inMemoryTracerModule = new URL("./tracers/in-memory-tracer.js", import.meta.url);
