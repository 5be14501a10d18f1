/*
 * Where the tracers that ship are, to be placed off-thread:
 * `offThread({ module: jsonLinesTracerModule, options: { path: "trace.jsonl" } })`.
 */

/** A run-tree tracer module; its options are `JsonLinesTracerOptions`. */
export const jsonLinesTracerModule = new URL("./json-lines-tracer.js", import.meta.url);

/** A tracer for tests, which keeps finished run trees; ask it by `remote.takeRuns()`. It has no options. */
export const inMemoryTracerModule = new URL("./in-memory-tracer.js", import.meta.url);
