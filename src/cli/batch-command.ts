import { resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { runBatch } from "../batch/batch.ts";
import { checkFiles } from "../batch/options.ts";
import { probeServer } from "../batch/probe.ts";
import type { BatchSummary } from "../batch/statistics.ts";
import { errorText } from "../errors.ts";
import { LineFile } from "../line-file.ts";
import { defaultHandlers, type HandlerChoice, type PlacedHandlers } from "./handlers.ts";
import { placeInline } from "./inline-handlers.ts";
import { Interrupt } from "./interrupt.ts";
import { ProgressLine } from "./progress.ts";
import { reportText } from "./table.ts";
import { EXIT, numberOption, parseCommandLine, usageError } from "./usage.ts";

export const HELP = `sidecall batch <input.jsonl> --base-url <url> --output <file> [options]

  Sends every line of the input ({custom_id, method, url, body}, OpenAI's Batch format) to a model server and writes
  one line per result ({id, custom_id, response, error}), in the order in which they finish. Every request is one
  traced run. A line that is no request becomes a record with an error; the others run.

  --base-url <url>          of an OpenAI-compatible server, such as http://127.0.0.1:8000/v1
  --output <file>           results; overwritten
  --model <name>            in place of every request's own
  --api-key <key>           (default: $OPENAI_API_KEY, else none)
  --concurrency <n>         requests at a time (default: 8)
  --max-retries <n>         further tries of a request (default: 2)
  --timeout-seconds <n>     longest silence of the server (default: 600)
  --trace <file>            one line of JSON per run; overwritten
  --handler <module>        a callback handler of your own, ./file.js or ./file.js#export; may be repeated
  --drain-seconds <n>       how long handlers may take to finish after the last request (default: 30)

Exit codes: 0 every line succeeded, 1 some failed or handlers were not done in time, 2 the command line or an option is
wrong, 3 the server cannot be reached, 4 something else broke, 130 and 143 stopped by SIGINT and SIGTERM: requests under
way are aborted, what is done is written and handled. A second Ctrl-C exits at once.
`;

const OPTIONS = {
  "base-url": { type: "string" },
  output: { type: "string" },
  model: { type: "string" },
  "api-key": { type: "string" },
  concurrency: { type: "string" },
  "max-retries": { type: "string" },
  "timeout-seconds": { type: "string" },
  trace: { type: "string" },
  handler: { type: "string", multiple: true },
  "drain-seconds": { type: "string" },
} as const;

const DEFAULT_DRAIN_SECONDS = 30;

interface BatchCommand {
  readonly input: string;
  readonly output: string;
  readonly baseUrl: string;
  readonly apiKey: string | undefined;
  readonly model: string | undefined;
  readonly concurrency: number | undefined;
  readonly maxRetries: number | undefined;
  readonly timeoutMillis: number | undefined;
  readonly trace: string | undefined;
  readonly handlers: readonly string[];
  readonly drainMillis: number;
}

function required(name: string, value: string | undefined): string {
  if (value === undefined || value === "") throw usageError(`Expected ${name}`);
  return value;
}

function readCommand(args: readonly string[]): BatchCommand {
  const { values, positionals } = parseCommandLine({
    args: [...args],
    options: OPTIONS,
    allowPositionals: true,
  });
  if (positionals.length > 1) throw usageError(`Expected one input file, got ${positionals.join(", ")}`);
  const drainSeconds = numberOption("drain-seconds", values["drain-seconds"]) ?? DEFAULT_DRAIN_SECONDS;
  if (drainSeconds < 0) throw usageError(`Expected --drain-seconds to be at least 0, got ${drainSeconds}`);
  const timeoutSeconds = numberOption("timeout-seconds", values["timeout-seconds"]);
  return {
    input: required("an input file", positionals[0]),
    output: required("--output <file>", values.output),
    baseUrl: required("--base-url <url>", values["base-url"]),
    apiKey: values["api-key"] ?? process.env["OPENAI_API_KEY"],
    model: values.model,
    concurrency: numberOption("concurrency", values.concurrency),
    maxRetries: numberOption("max-retries", values["max-retries"]),
    timeoutMillis: timeoutSeconds === undefined ? undefined : timeoutSeconds * 1000,
    trace: values.trace,
    handlers: values.handler ?? [],
    drainMillis: drainSeconds * 1000,
  };
}

/** `./file.js` or `./file.js#export`, from the folder in which the command runs. */
function ownHandler(text: string): HandlerChoice {
  const hash = text.lastIndexOf("#");
  const file = hash === -1 ? text : text.slice(0, hash);
  const exportName = hash === -1 ? "default" : text.slice(hash + 1);
  return { module: pathToFileURL(resolve(file)), export: exportName, name: text };
}

/** Rejects after `millis` unless the work is done by then. */
async function within<T>(work: Promise<T>, millis: number, what: string): Promise<T> {
  const done = new AbortController();
  const late = delay(millis, undefined, { signal: done.signal }).then(() => {
    throw new Error(`${what} took longer than ${millis / 1000} s`);
  });
  late.catch(() => undefined);
  return await Promise.race([work, late]).finally(() => done.abort());
}

async function placeHandlers(command: BatchCommand): Promise<PlacedHandlers> {
  const trace = command.trace === undefined ? undefined : resolve(command.trace);
  // The tracer appends, since it may run on several threads: an old trace goes here.
  if (trace !== undefined) await new LineFile(trace, "truncate").close();
  return placeInline([...defaultHandlers(trace), ...command.handlers.map(ownHandler)]);
}

/** Lets the handlers finish and says what they did not. Returns whether they did. */
async function drain(placed: PlacedHandlers, millis: number, progress: ProgressLine): Promise<boolean> {
  try {
    await within(placed.flush(), millis, "handlers");
    return true;
  } catch (error) {
    progress.say(`sidecall: ${errorText(error)}; ${placed.backlog()} events are not handled`);
    return false;
  }
}

function exitCodeOf(summary: BatchSummary, drained: boolean, interrupt: Interrupt): number {
  if (interrupt.exitCode !== undefined) return interrupt.exitCode;
  return summary.failed === 0 && drained ? EXIT.ok : EXIT.failed;
}

async function runPlaced(
  command: BatchCommand,
  placed: PlacedHandlers,
  interrupt: Interrupt,
): Promise<number> {
  const progress = new ProgressLine(() => placed.backlog());
  const { handlers: _, trace: __, drainMillis, ...options } = command;
  const summary = await runBatch({
    ...options,
    handlers: placed.handlers,
    signal: interrupt.signal,
    onProgress: (state) => progress.show(state),
  });
  const drained = await drain(placed, drainMillis, progress);
  const tokens = await placed.tokenReport();
  process.stdout.write(reportText(summary, progress.end(), placed.rows(), tokens));
  return exitCodeOf(summary, drained, interrupt);
}

export async function run(args: readonly string[]): Promise<number> {
  const command = readCommand(args);
  await checkFiles(command.input, [command.output, ...(command.trace === undefined ? [] : [command.trace])]);
  const interrupt = new Interrupt(() =>
    process.stderr.write("\nsidecall: stopping; once more to exit at once\n"),
  );
  try {
    await probeServer(command.baseUrl, interrupt.signal);
    const placed = await placeHandlers(command);
    try {
      return await runPlaced(command, placed, interrupt);
    } finally {
      await placed.close(command.drainMillis);
    }
  } finally {
    interrupt.dispose();
  }
}
