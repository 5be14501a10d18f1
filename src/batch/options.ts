import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { errorText, SidecallError } from "../common/errors.ts";
import { checkInteger, checkKeys, invalidOption, MAX_TIMER_MILLIS } from "../common/validate.ts";
import type { CallbackHandler } from "../core/handler.ts";
import { AsyncCallbackManager } from "../managers/async-manager.ts";
import type { BatchProgress } from "./statistics.ts";

export interface BatchOptions {
  /** File of requests, one per line, in OpenAI's Batch format. */
  readonly input: string;
  /** File for the results; overwritten once the server has been reached. */
  readonly output: string;
  /** Of an OpenAI-compatible server, such as `http://127.0.0.1:8000/v1`. */
  readonly baseUrl: string;
  /** ASCII without spaces. @default "none", for servers that want no key; $OPENAI_API_KEY is not read */
  readonly apiKey?: string | undefined;
  /** Replaces the model of every request. @default each request's own */
  readonly model?: string | undefined;
  /** Open requests at a time, from 1 to 10000. @default 8 */
  readonly concurrency?: number | undefined;
  /** Get the events of all runs. Not allowed together with `manager`. @default [] */
  readonly handlers?: readonly CallbackHandler[] | undefined;
  /** Starts the runs, with its handlers, tags, metadata and parent. @default one for `handlers` */
  readonly manager?: AsyncCallbackManager | undefined;
  /** Called about four times a second, and once at the end. */
  readonly onProgress?: ((progress: BatchProgress) => void) | undefined;
  /** Stops the batch: no new requests, open ones are aborted, their records are written. */
  readonly signal?: AbortSignal | undefined;
  /** Retries of a request whose answer has no content yet, from 0 to 100. @default 2 */
  readonly maxRetries?: number | undefined;
  /** Wait before the first retry unless the server asks for another; doubles with each retry. @default 500 */
  readonly retryDelayMillis?: number | undefined;
  /** Longest silence of the server: until its answer begins, and until each next part of it. @default 600000 */
  readonly timeoutMillis?: number | undefined;
}

/** The options with every default filled in. */
export interface BatchSettings {
  readonly input: string;
  readonly output: string;
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly model: string | undefined;
  readonly concurrency: number;
  readonly manager: AsyncCallbackManager;
  readonly onProgress: (progress: BatchProgress) => void;
  readonly signal: AbortSignal;
  readonly maxRetries: number;
  readonly retryDelayMillis: number;
  readonly timeoutMillis: number;
}

const OPTION_KEYS = [
  "input",
  "output",
  "baseUrl",
  "apiKey",
  "model",
  "concurrency",
  "handlers",
  "manager",
  "onProgress",
  "signal",
  "maxRetries",
  "retryDelayMillis",
  "timeoutMillis",
] as const satisfies (keyof BatchOptions)[];
const MAX_CONCURRENCY = 10_000;

function checkPath(name: string, value: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw invalidOption(name, "the path of a file", value);
}

/** Checks that a key fits into a header. Its error does not show the key, which an error of the client would. */
function checkKey(key: string): string {
  if (typeof key === "string" && /^[\x21-\x7e]+$/.test(key)) return key;
  const expected = "a key of ASCII characters without spaces and line breaks, or absent";
  const message = `Expected \`apiKey\` to be ${expected}; got a value that is not shown.`;
  throw new SidecallError("SIDECALL_OPTION_INVALID", message);
}

function httpUrl(value: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") return value;
  throw invalidOption("baseUrl", "an http or https URL", value);
}

/** Fills in the defaults. Throws SIDECALL_OPTION_INVALID. */
export function batchSettings(options: BatchOptions): BatchSettings {
  checkKeys("options", options, OPTION_KEYS);
  const { handlers, manager, model } = options;
  if (handlers !== undefined && manager !== undefined) {
    throw invalidOption("handlers", "absent where there is a manager", handlers);
  }
  if (model === "") throw invalidOption("model", "a name", model);
  return {
    input: checkPath("input", options.input),
    output: checkPath("output", options.output),
    baseUrl: httpUrl(options.baseUrl),
    apiKey: checkKey(options.apiKey ?? "none"),
    model,
    concurrency: checkInteger("concurrency", options.concurrency ?? 8, 1, MAX_CONCURRENCY),
    manager: manager ?? new AsyncCallbackManager({ handlers: handlers ?? [] }),
    onProgress: options.onProgress ?? (() => undefined),
    signal: options.signal ?? new AbortController().signal,
    maxRetries: checkInteger("maxRetries", options.maxRetries ?? 2, 0, 100),
    retryDelayMillis: checkInteger("retryDelayMillis", options.retryDelayMillis ?? 500, 0, MAX_TIMER_MILLIS),
    timeoutMillis: checkInteger("timeoutMillis", options.timeoutMillis ?? 600_000, 1, MAX_TIMER_MILLIS),
  };
}

/**
 * Rejects with SIDECALL_OPTION_INVALID unless `input` is a readable file and differs from all files to be written, which
 * are given by their options' names.
 */
export async function checkFiles(input: string, written: Readonly<Record<string, string>>): Promise<void> {
  const source = await stat(input).catch((error: unknown) => {
    throw invalidOption("input", `a file that can be read (${errorText(error)})`, input);
  });
  if (source.isDirectory()) throw invalidOption("input", "a file, no folder", input);
  await access(input, constants.R_OK).catch((error: unknown) => {
    throw invalidOption("input", `a file that can be read (${errorText(error)})`, input);
  });
  for (const [name, path] of Object.entries(written)) {
    const target = await stat(path).catch(() => undefined);
    if (target?.ino === source.ino && target.dev === source.dev) {
      throw invalidOption(name, "another file than the input", path);
    }
  }
}
