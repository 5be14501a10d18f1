import type { HandlerModule } from "../core/handler.ts";
import type { InMemoryTracer } from "./in-memory-tracer.ts";
import type { JsonLinesTracer } from "./json-lines-tracer.ts";

/*
 * Modules of the built-in tracers, to place them off-thread:
 * `offThread({ module: jsonLinesTracerModule, options: { path: "trace.jsonl" } })`.
 */

/** Module of `JsonLinesTracer`; its options are `JsonLinesTracerOptions`. */
export const jsonLinesTracerModule: HandlerModule<JsonLinesTracer> = new URL(
  "./json-lines-tracer.js",
  import.meta.url,
);

/** Module of `InMemoryTracer`, read by `remote.takeRuns()`; it has no options. */
export const inMemoryTracerModule: HandlerModule<InMemoryTracer> = new URL(
  "./in-memory-tracer.js",
  import.meta.url,
);
