import type { BenchExtension } from "../extension.ts";
import { externalPeers } from "./external-peers.ts";
import { micro } from "./micro.ts";
import { evaluateTargets } from "./targets.ts";

/** LangChain.js, pino and OpenTelemetry as peers, Benchmark.js as a question: all that `npm run bench` adds. */
const extension: BenchExtension = {
  questions: [micro],
  externalPeers,
  packages: ["@langchain/core", "pino", "@opentelemetry/sdk-trace-base", "benchmark"],
  evaluate: evaluateTargets,
};

export default extension;
