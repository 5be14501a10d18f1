import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { loadExtension, NO_EXTENSION } from "../../bench/extension.ts";
import { loadCorpus } from "../../bench/harness/corpus.ts";
import { FULL, QUICK } from "../../bench/harness/profile.ts";
import type { Question } from "../../bench/harness/question.ts";
import { QUESTIONS } from "../../bench/questions/all.ts";
import { resultsPage } from "../../bench/report/html.ts";
import type { Results } from "../../bench/report/results.ts";
import { runBench } from "../../bench/run.ts";
import { errorText } from "../common/errors.ts";
import { LineFile } from "../common/line-file.ts";
import { onHandlerError } from "../core/failures.ts";
import { ownSpec } from "./handlers.ts";
import { EXIT, parseCommandLine, usageError } from "./usage.ts";

const OPTIONS = {
  handler: { type: "string" },
  peers: { type: "string" },
  json: { type: "string" },
  html: { type: "string" },
  quick: { type: "boolean", default: false },
} as const;

const NAME_WIDTH = Math.max(...QUESTIONS.map(({ name }) => name.length));

export const HELP = `sidecall bench [question …] [options]

  Measures what callbacks cost on this machine, and checks every result. Without a name it asks all questions, which
  takes some fifteen minutes; leave the machine alone meanwhile.

${QUESTIONS.map(({ name, asks }) => `    ${name.padEnd(NAME_WIDTH)}  ${asks}`).join("\n")}

  --handler <module>  a handler of your own, ./file.js or ./file.js#export: what it costs inline and off-thread, in place
                      of handlers that count
  --peers <module>    a module whose default export brings further peers to measure beside these, and may add questions
  --json <file>       every round's figures, with machine and versions; overwritten
  --html <file>       a page with plots; overwritten
  --quick             about a minute for all: shows that everything works; too short for figures

Exit codes: 0 all went well, 1 your handler failed at some events, 2 the command line or an option is wrong, 4 something
else broke, such as a result that failed its check: that question has no figures then.
`;

function chosen(
  questions: readonly Question[],
  names: readonly string[],
  hasOwn: boolean,
): readonly Question[] {
  const askable = hasOwn ? questions.filter(({ takesOwn }) => takesOwn) : questions;
  const unknown = names.find((name) => !askable.some((question) => question.name === name));
  if (unknown === undefined)
    return names.length === 0 ? askable : askable.filter(({ name }) => names.includes(name));
  const known = askable.map(({ name }) => name).join(", ");
  throw usageError(
    `Expected a question${hasOwn ? " for a handler" : ""} (${known}), got ${JSON.stringify(unknown)}`,
  );
}

/** Opens a file before the first measurement, so that a bad path fails at once and not after a quarter of an hour. */
function openFile(path: string | undefined): LineFile | undefined {
  return path === undefined ? undefined : new LineFile(resolve(path), "truncate");
}

async function writeFiles(
  json: LineFile | undefined,
  html: LineFile | undefined,
  results: Results,
): Promise<void> {
  await json?.appendText(`${JSON.stringify(results, undefined, 2)}\n`);
  await html?.appendText(resultsPage(results));
}

/** Counts handlers' failures during `work` and prints the first. */
async function countFailures(work: () => Promise<void>): Promise<number> {
  let failures = 0;
  const before = onHandlerError(({ handler, event, error }) => {
    failures += 1;
    if (failures > 1) return;
    process.stderr.write(
      `sidecall: handler ${handler} failed at ${event}: ${errorText(error)}; others are counted\n`,
    );
  });
  try {
    await work();
  } finally {
    onHandlerError(before);
  }
  if (failures > 0) process.stderr.write(`sidecall: ${failures} failures in all; the figures contain them\n`);
  return failures;
}

/** Runs the command. `shipped`: the questions that need no extension. */
export async function run(
  args: readonly string[],
  shipped: readonly Question[] = QUESTIONS,
): Promise<number> {
  const { values, positionals } = parseCommandLine({
    args: [...args],
    options: OPTIONS,
    allowPositionals: true,
  } as const);
  const { handler, peers, quick } = values;
  const extension = peers === undefined ? NO_EXTENSION : await loadExtension(pathToFileURL(resolve(peers)));
  const questions = chosen([...shipped, ...extension.questions], positionals, handler !== undefined);
  const [json, html] = [openFile(values.json), openFile(values.html)];
  const own = handler === undefined ? {} : { own: ownSpec(handler) };
  let unanswered = 0;
  try {
    const failures = await countFailures(async () => {
      const results = await runBench({
        questions,
        context: { corpus: loadCorpus(), externalPeers: extension.externalPeers, ...own },
        profile: quick ? QUICK : FULL,
        extension,
        print: (text) => process.stdout.write(text),
      });
      await writeFiles(json, html, results);
      for (const { name, reason } of results.unanswered) {
        process.stderr.write(`sidecall: no figures for ${name}: ${reason}\n`);
      }
      unanswered = results.unanswered.length;
    });
    if (unanswered > 0) return EXIT.broken;
    return failures === 0 ? EXIT.ok : EXIT.failed;
  } finally {
    await Promise.all([json?.close(), html?.close()]);
  }
}
