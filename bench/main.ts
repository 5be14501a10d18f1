import { QUESTIONS } from "../src/bench/questions/all.ts";
import { helpText, runBenchCommand } from "../src/cli/bench-command.ts";
import { runAsProcess } from "../src/cli/process.ts";
import { EXIT } from "../src/cli/usage.ts";
import { figuresToReach } from "./figures.ts";
import { guests } from "./peers/guests.ts";
import { micro } from "./questions/micro.ts";

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
