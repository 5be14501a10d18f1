import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { errorText, SidecallError } from "../src/errors.ts";
import { figuresToReach } from "./figures.ts";
import { loadCorpus } from "./harness/corpus.ts";
import { FULL } from "./harness/effort.ts";
import { describeMachine, load } from "./harness/machine.ts";
import type { Question } from "./harness/question.ts";
import { answerTable, figureTable, machineLines } from "./harness/report.ts";
import type { Series } from "./harness/series.ts";
import { lifecycleCost } from "./lifecycle-cost.ts";
import { roundTrip } from "./round-trip.ts";
import { throughput } from "./throughput.ts";
import { tokenCost } from "./token-cost.ts";

const QUESTIONS: readonly Question[] = [tokenCost, lifecycleCost, roundTrip, throughput];

function usage(problem: string): SidecallError {
  const names = QUESTIONS.map(({ name }) => name).join(", ");
  const message = `${problem} Usage: npm run bench -- [question ...] [--json file]; the questions are ${names}.`;
  return new SidecallError("SIDECALL_USAGE", message);
}

function parseCommandLine(args: readonly string[]): { questions: readonly Question[]; json?: string } {
  const { positionals, values } = (() => {
    try {
      return parseArgs({ args: [...args], allowPositionals: true, options: { json: { type: "string" } } });
    } catch (error) {
      throw usage(`${errorText(error)}.`);
    }
  })();
  const unknown = positionals.find((name) => !QUESTIONS.some((question) => question.name === name));
  if (unknown !== undefined) throw usage(`Expected the name of a question, got \`${unknown}\`.`);
  const isAsked = ({ name }: Question) => positionals.length === 0 || positionals.includes(name);
  return { questions: QUESTIONS.filter(isAsked), ...values };
}

async function main(): Promise<void> {
  const { questions, json } = parseCommandLine(process.argv.slice(2));
  const machine = describeMachine();
  const corpus = loadCorpus();
  console.log(`${machineLines(machine)}\nText: ${corpus.source}\n`);
  const answers: Record<string, readonly Series[]> = {};
  for (const question of questions) {
    console.log(`${question.name}: ${question.asks}\n`);
    const series = await question.answer(corpus, FULL);
    answers[question.name] = series;
    console.log(`${answerTable(question, series)}\n`);
  }
  const figures = figuresToReach(answers);
  if (figures.length > 0) console.log(`${figureTable(figures)}\n`);
  const loadAtEnd = load();
  console.log(`Load at the end: ${loadAtEnd.toFixed(1)}`);
  if (json === undefined) return;
  const results = { machine, loadAtEnd, text: corpus.source, effort: FULL, answers, figures };
  writeFileSync(json, `${JSON.stringify(results, undefined, 2)}\n`);
}

try {
  await main();
} catch (error) {
  console.error(error instanceof SidecallError ? error.message : error);
  process.exitCode = error instanceof SidecallError ? 2 : 1;
}
