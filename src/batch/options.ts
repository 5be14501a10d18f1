import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { errorText, SidecallError } from "../common/errors.ts";
import {
  integer,
  type OptionsOf,
  optional,
  type ResolvedOf,
  required,
  resolve,
  unchecked,
} from "../common/options.ts";
import { checkPath, invalidOption, MAX_TIMER_MILLIS } from "../common/validate.ts";
import { AsyncCallbackManager } from "../managers/async-manager.ts";
import { checkHandlers } from "../managers/check-handlers.ts";
import type { BatchProgress } from "./statistics.ts";

const MAX_CONCURRENCY = 10_000;

/** Checks that a key fits into a header. Its error does not show the key, which an error of the client would. */
function checkKey(name: string, value: unknown): string {
  if (typeof value === "string" && /^[\x21-\x7e]+$/.test(value)) return value;
  const expected = "a key of ASCII characters without spaces and line breaks, or absent";
  const message = `Expected \`${name}\` to be ${expected}; got a value that is not shown.`;
  throw new SidecallError("SIDECALL_OPTION_INVALID", message);
}

function checkUrl(name: string, value: unknown): string {
  const isText = typeof value === "string";
  const url = isText && URL.canParse(value) ? new URL(value) : undefined;
  if (isText && (url?.protocol === "http:" || url?.protocol === "https:")) return value;
  throw invalidOption(name, "an http or https URL", value);
}

function checkModel(name: string, value: unknown): string {
  if (value === "") throw invalidOption(name, "a name", value);
  return value as string;
}

const BATCH_OPTIONS = {
  /** File of requests, one per line, in OpenAI's Batch format. */
  input: required(checkPath),
  /** File for the results; what it held is gone once the server has answered a first time. */
  output: required(checkPath),
  /** Of an OpenAI-compatible server, such as `http://127.0.0.1:8000/v1`. */
  baseUrl: required(checkUrl),
  /** ASCII without spaces. @default "none", for servers that want no key; $OPENAI_API_KEY is not read */
  apiKey: optional(checkKey, "none"),
  /** Takes the place of every request's own model. @default each request's own */
  model: optional(checkModel),
  /** Requests under way at a time. From 1 to 10,000. @default 8 */
  concurrency: integer(1, MAX_CONCURRENCY, 8),
  /** Handlers of the runs. Either these or a manager. @default [] */
  handlers: optional(checkHandlers),
  /** Starts the runs, with its handlers, tags, metadata and parent. @default one for `handlers` */
  manager: optional<AsyncCallbackManager>(unchecked),
  /** Called with the counts so far about four times a second, and once at the end. @default none */
  onProgress: optional<(progress: BatchProgress) => void>(unchecked),
  /** Ends the batch early: no new requests, those under way are aborted, what is done is written. @default none */
  signal: optional<AbortSignal>(unchecked),
  /** Further tries of a request to which no part of an answer has come. From 0 to 100. @default 2 */
  maxRetries: integer(0, 100, 2),
  /** Wait before the first further try, unless the server names one; doubles with each try. @default 500 */
  retryDelayMillis: integer(0, MAX_TIMER_MILLIS, 500),
  /** Longest silence of the server: until its answer begins, and until each next part of it. @default 600,000 */
  timeoutMillis: integer(1, MAX_TIMER_MILLIS, 600_000),
};
export type BatchOptions = OptionsOf<typeof BATCH_OPTIONS>;

/** The options with every default filled in; the manager stands for the handlers. */
export interface BatchSettings extends Omit<ResolvedOf<typeof BATCH_OPTIONS>, "handlers"> {
  readonly manager: AsyncCallbackManager;
  readonly onProgress: (progress: BatchProgress) => void;
  readonly signal: AbortSignal;
}

/** Fills in the defaults. Throws SIDECALL_OPTION_INVALID. */
export function batchSettings(options: BatchOptions): BatchSettings {
  const { handlers, manager, ...resolved } = resolve("options", BATCH_OPTIONS, options);
  if (handlers !== undefined && manager !== undefined) {
    throw invalidOption("handlers", "absent where there is a manager", handlers);
  }
  return {
    ...resolved,
    manager: manager ?? new AsyncCallbackManager({ handlers: handlers ?? [] }),
    onProgress: resolved.onProgress ?? (() => undefined),
    signal: resolved.signal ?? new AbortController().signal,
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
