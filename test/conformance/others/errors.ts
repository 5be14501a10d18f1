import type { Other } from "./other.ts";

// biome-ignore format: a table reads by its columns
export const ERRORS: readonly Other[] = [
  { id: "er1", text: "an error that a handler throws keeps its class, code, fields, causes and errors, wherever the handler is", source: "GoogleChromeLabs/comlink#594, piscinajs/piscina#1143, sourcegraph/sourcegraph-public-snapshot#9697" },
  { id: "er2", text: "a syntax error in a thread's module has its file and line", source: "oven-sh/bun#34333, oven-sh/bun#38324", shownBy: ["test/offthread/import-failures.test.ts: a syntax error in an ES module has its file, line and source"] },
  { id: "er3", text: "two copies of the package share their context", source: "alchemy-run/alchemy-async#390, cedarjs/cedar#1779", shownBy: ["test/managers/copies.test.ts: a context of one copy reaches the managers of the other"] },
  { id: "er4", text: "one signal for any number of runs and streams keeps nothing of them, and causes no warning", source: "nodejs/node#55351, nodejs/node#48419", shownBy: ["test/common/signals.test.ts: thousands of runs, groups, streams, contexts and iterations under one signal leave nothing behind"] },
];
