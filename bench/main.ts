import { helpText, runBenchCommand } from "../src/cli/bench-command.ts";
import { runAsProcess } from "../src/cli/process.ts";
import { EXIT } from "../src/cli/usage.ts";
import { externalPeers } from "./guests/guests.ts";
import { micro } from "./guests/micro.ts";
import { evaluateTargets } from "./guests/targets.ts";
import { QUESTIONS } from "./questions/all.ts";

const packages = ["@langchain/core", "pino", "@opentelemetry/sdk-trace-base", "benchmark"];
const questions = [...QUESTIONS, micro];

await runAsProcess(async () => {
  const args = process.argv.slice(2);
  if (!args.includes("--help") && !args.includes("-h")) {
    return runBenchCommand(args, { questions, externalPeers, packages, evaluate: evaluateTargets });
  }
  process.stdout.write(helpText("npm run bench --", questions));
  return EXIT.ok;
});
