import { helpText, runBenchCommand } from "../src/cli/bench-command.ts";
import { runAsProcess } from "../src/cli/process.ts";
import { EXIT } from "../src/cli/usage.ts";
import { guests } from "./guests/guests.ts";
import { micro } from "./guests/micro.ts";
import { figuresToReach } from "./guests/targets.ts";
import { QUESTIONS } from "./questions/all.ts";

const packages = ["@langchain/core", "pino", "@opentelemetry/sdk-trace-base", "benchmark"];
const questions = [...QUESTIONS, micro];

await runAsProcess(async () => {
  const args = process.argv.slice(2);
  if (!args.includes("--help") && !args.includes("-h")) {
    return runBenchCommand(args, { questions, guests, packages, judge: figuresToReach });
  }
  process.stdout.write(helpText("npm run bench --", questions));
  return EXIT.ok;
});
