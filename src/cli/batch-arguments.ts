import type { BatchOptions } from "../batch/options.ts";
import { MAX_TIMER_MILLIS } from "../common/validate.ts";
import { numberOption, parseCommandLine, usageError } from "./usage.ts";

export const HELP = `sidecall batch <input.jsonl> --base-url <url> --output <file> [options]

  Sends every line of the input ({custom_id, method, url, body}, OpenAI's Batch format) to a model server and writes
  one line per result ({id, custom_id, response, error}), in the order in which they finish. Every request is one
  traced run. A line that is no request becomes a record with an error; the others run.

  --base-url <url>          of an OpenAI-compatible server, such as http://127.0.0.1:8000/v1
  --output <file>           results; overwritten
  --model <name>            in place of every request's own
  --api-key <key>           (default: $OPENAI_API_KEY, else none)
  --concurrency <n>         requests at a time (default: 8)
  --max-retries <n>         further tries of a request that has not been answered (default: 2)
  --timeout-seconds <n>     longest silence of the server (default: 600)
  --trace <file>            one line of JSON per run; overwritten
  --handler <module>        a callback handler of your own, ./file.js or ./file.js#export; may be repeated
  --threads <n>             worker threads for what ships, and as many for your own handlers (default: 1)
  --drain-seconds <n>       how long handlers may take to finish after the last request (default: as long as they need,
                            but 30 once the batch is stopped)

Exit codes: 0 every line succeeded, 1 some failed or handlers were not done in time, 2 the command line or an option is
wrong, 3 the server cannot be reached, 4 something else broke, 130 and 143 stopped by SIGINT and SIGTERM: requests under
way are aborted, what is done is written and handled. A second Ctrl-C exits at once. A handler that fails does not
change the exit code: the table counts its failures.
`;

export const OPTIONS = {
  "base-url": { type: "string" },
  output: { type: "string" },
  model: { type: "string" },
  "api-key": { type: "string" },
  concurrency: { type: "string" },
  "max-retries": { type: "string" },
  "timeout-seconds": { type: "string" },
  trace: { type: "string" },
  handler: { type: "string", multiple: true },
  threads: { type: "string" },
  "drain-seconds": { type: "string" },
} as const;

const MAX_SECONDS = MAX_TIMER_MILLIS / 1000;

export interface BatchArguments {
  readonly batch: BatchOptions;
  readonly trace: string | undefined;
  readonly handlers: readonly string[];
  readonly threads: number;
  /** Undefined: no limit until the batch is stopped. */
  readonly drainMillis: number | undefined;
}

function required(name: string, value: string | undefined): string {
  if (value === undefined || value === "") throw usageError(`Expected ${name}`);
  return value;
}

function checkHandlers(handlers: readonly string[]): readonly string[] {
  const twice = handlers.find((handler, i) => handlers.indexOf(handler) !== i);
  if (twice === undefined) return handlers;
  throw usageError(`Expected every --handler to be another one, got ${twice} twice; leave one out`);
}

function millisOption(name: string, text: string | undefined): number | undefined {
  const seconds = numberOption(name, text);
  if (seconds === undefined) return undefined;
  if (seconds >= 0.001 && seconds <= MAX_SECONDS) return Math.round(seconds * 1000);
  throw usageError(`Expected --${name} to be from 0.001 to ${Math.floor(MAX_SECONDS)}, got ${seconds}`);
}

/** Reads the command's arguments. Throws SIDECALL_USAGE; the batch and `offThread` check ranges. */
export function readBatchArguments(args: readonly string[]): BatchArguments {
  const config = { args: [...args], options: OPTIONS, allowPositionals: true } as const;
  const { values, positionals } = parseCommandLine(config);
  if (positionals.length > 1) throw usageError(`Expected one input file, got ${positionals.join(", ")}`);
  return {
    batch: {
      input: required("an input file", positionals[0]),
      output: required("--output <file>", values.output),
      baseUrl: required("--base-url <url>", values["base-url"]),
      // An empty variable counts as unset.
      apiKey: values["api-key"] ?? (process.env["OPENAI_API_KEY"] || undefined),
      model: values.model,
      concurrency: numberOption("concurrency", values.concurrency),
      maxRetries: numberOption("max-retries", values["max-retries"]),
      timeoutMillis: millisOption("timeout-seconds", values["timeout-seconds"]),
    },
    trace: values.trace,
    handlers: checkHandlers(values.handler ?? []),
    threads: numberOption("threads", values.threads) ?? 1,
    drainMillis: millisOption("drain-seconds", values["drain-seconds"]),
  };
}
