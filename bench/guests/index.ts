import type { BenchExtension } from "../extension.ts";
import { externalPeers } from "./external-peers.ts";
import { micro } from "./micro.ts";
import { evaluateTargets } from "./targets.ts";

/** Adds LangChain.js, pino and OpenTelemetry as peers and a question answered with Benchmark.js, for `npm run bench`. */
const extension: BenchExtension = {
  questions: [micro],
  externalPeers,
  packages: ["@langchain/core", "pino", "@opentelemetry/sdk-trace-base", "benchmark"],
  evaluate: evaluateTargets,
};

export default extension;
