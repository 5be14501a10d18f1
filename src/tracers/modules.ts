/*
 * Modules of the built-in tracers, to place them off-thread:
 * `offThread({ module: jsonLinesTracerModule, options: { path: "trace.jsonl" } })`.
 */

/** Module of `JsonLinesTracer`; its options are `JsonLinesTracerOptions`. */
export const jsonLinesTracerModule = new URL("./json-lines-tracer.js", import.meta.url);

/** Module of `InMemoryTracer`, read by `remote.takeRuns()`; it has no options. */
export const inMemoryTracerModule = new URL("./in-memory-tracer.js", import.meta.url);
