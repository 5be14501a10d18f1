import { performance } from "node:perf_hooks";
import { type ErrorCode, errorText, SidecallError } from "../src/common/errors.ts";
import type { BenchExtension } from "./extension.ts";
import { describeMachine, load } from "./harness/machine.ts";
import type { Profile } from "./harness/profile.ts";
import type { Answer, Context, Question } from "./harness/question.ts";
import type { Results, Unanswered } from "./report/results.ts";
import { answerText, machineLines, targetsText } from "./report/text.ts";

export interface BenchRun {
  readonly questions: readonly Question[];
  readonly context: Context;
  readonly profile: Profile;
  readonly extension: BenchExtension;
  /** Receives the report piece by piece, as soon as each is known. */
  print(text: string): void;
}

async function ask(question: Question, context: Context, profile: Profile): Promise<Answer> {
  const { name, asks, base, axis } = question;
  const series = await question.answer(context, profile);
  // A user's own handler has no place on the axis: its series come without `x`.
  const hasAxis = series.some(({ x }) => x !== undefined);
  return {
    name,
    asks,
    ...(base === undefined ? {} : { base }),
    ...(axis === undefined || !hasAxis ? {} : { axis }),
    series,
  };
}

/** Faults that every further question would repeat: they end the run. */
const HANDLER_FAULTS: readonly ErrorCode[] = [
  "SIDECALL_OPTION_INVALID",
  "SIDECALL_MODULE_FAILED",
  "SIDECALL_NOT_A_HANDLER",
  "SIDECALL_FACTORY_FAILED",
];

function isHandlerFault(error: unknown): boolean {
  return error instanceof SidecallError && HANDLER_FAULTS.includes(error.code);
}

/**
 * Answers the questions in order. One that fails becomes `unanswered` and the others go on; rejects if the user's own
 * handler cannot be loaded.
 */
export async function runBench(run: BenchRun): Promise<Results> {
  const { questions, context, profile, extension, print } = run;
  const machine = describeMachine(extension.packages);
  const [date, begin] = [new Date().toISOString(), performance.now()];
  const { source: text } = context.corpus;
  print(`${machineLines(machine).join("\n")}\nText: ${text}\n\n`);
  const answers: Answer[] = [];
  const unanswered: Unanswered[] = [];
  for (const question of questions) {
    try {
      const answer = await ask(question, context, profile);
      answers.push(answer);
      print(answerText(answer));
    } catch (error) {
      if (isHandlerFault(error)) throw error;
      const reason = errorText(error);
      unanswered.push({ name: question.name, reason });
      print(`${question.name}: no figures. ${reason}\n\n`);
    }
  }
  const targets = extension.evaluate(answers);
  const [loadAtEnd, seconds] = [load(), (performance.now() - begin) / 1000];
  print(`${targetsText(targets)}${Math.round(seconds)} s; load at the end: ${loadAtEnd.toFixed(1)}\n`);
  return { machine, date, seconds, loadAtEnd, text, profile: profile.name, answers, unanswered, targets };
}
