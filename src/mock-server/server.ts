import { createServer } from "node:http";
import { errorText, SidecallError } from "../common/errors.ts";
import { checkInteger, checkKeys, invalidOption, MAX_TIMER_MILLIS } from "../common/validate.ts";
import { MockModel, sendError } from "./mock-model.ts";
import { loadRecorded, RecordedAnswers } from "./recorded.ts";

export interface MockServerOptions {
  /** File with recorded answers: .json or .jsonl, gzipped or not. @default none: every answer is generated */
  readonly recorded?: string | undefined;
  /** Per stream; above 0. @default as fast as the connection takes them */
  readonly tokensPerSecond?: number | undefined;
  /** From the request to the first token, from 0 to 2147483647. @default 0 */
  readonly firstTokenMillis?: number | undefined;
  /** Share of requests that fail with status 429 or 500, from 0 to 1. @default 0 */
  readonly failRate?: number | undefined;
  /** Decides generated answers and failures, together with the request. @default 0 */
  readonly seed?: number | undefined;
  /** From 0 to 65535; 0 takes any free one. @default 0 */
  readonly port?: number | undefined;
}

export interface MockServerStats {
  readonly requests: number;
  readonly failuresInjected: number;
  readonly openStreams: number;
  /** Streams that the client left before their end. */
  readonly abandonedStreams: number;
}

export interface MockServer {
  readonly port: number;
  /** The base URL for clients, ending in /v1. */
  readonly url: string;
  readonly recordedAnswers: number;
  stats(): MockServerStats;
  /** Ends all connections. Later calls return the same promise. */
  close(): Promise<void>;
}

const HOST = "127.0.0.1";
const MAX_PORT = 65_535;

function checkBetween(name: string, value: number, min: number, max: number): void {
  if (typeof value === "number" && value >= min && value <= max) return;
  throw invalidOption(name, `from ${min} to ${max}`, value);
}

const OPTION_KEYS = [
  "recorded",
  "tokensPerSecond",
  "firstTokenMillis",
  "failRate",
  "seed",
  "port",
] as const satisfies (keyof MockServerOptions)[];

function validate(options: MockServerOptions): void {
  checkKeys("options", options, OPTION_KEYS);
  const { tokensPerSecond = Number.POSITIVE_INFINITY, firstTokenMillis = 0, failRate = 0 } = options;
  if (typeof tokensPerSecond !== "number" || !(tokensPerSecond > 0))
    throw invalidOption("tokensPerSecond", "above 0", tokensPerSecond);
  checkBetween("firstTokenMillis", firstTokenMillis, 0, MAX_TIMER_MILLIS);
  checkBetween("failRate", failRate, 0, 1);
  checkInteger("seed", options.seed ?? 0, Number.MIN_SAFE_INTEGER);
  checkInteger("port", options.port ?? 0, 0, MAX_PORT);
}

/**
 * Starts a mock of an OpenAI-compatible model server: real HTTP on 127.0.0.1, `/v1/chat/completions` with streaming,
 * usage and tool calls, `/v1/models`. Answers and failures depend on seed and request alone, not on other requests.
 * Rejects with SIDECALL_OPTION_INVALID for a bad option, a recorded file that cannot be read, or a taken port.
 */
export async function startMockServer(options: MockServerOptions = {}): Promise<MockServer> {
  validate(options);
  const recorded =
    options.recorded === undefined ? new RecordedAnswers() : await loadRecorded(options.recorded);
  const mock = new MockModel(recorded, String(options.seed ?? 0), options.failRate ?? 0, {
    firstTokenMillis: options.firstTokenMillis ?? 0,
    tokensPerSecond: options.tokensPerSecond ?? Number.POSITIVE_INFINITY,
  });
  const server = createServer((request, response) => {
    mock.handle(request, response).catch((error: unknown) => {
      // A client that leaves in the middle of its request ends here too, without a response.
      if (response.headersSent || request.destroyed) response.destroy();
      else sendError(response, 500, { message: errorText(error), type: "server_error" });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, HOST, resolve);
  }).catch((error: unknown) => {
    const message = `Expected port ${options.port ?? 0} of ${HOST} to be free: ${errorText(error)}`;
    throw new SidecallError("SIDECALL_OPTION_INVALID", message, error);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
    return closed;
  };
  const stats = () => {
    const { requests, failuresInjected, openStreams, abandonedStreams } = mock;
    return { requests, failuresInjected, openStreams, abandonedStreams };
  };
  return { port, url: `http://${HOST}:${port}/v1`, recordedAnswers: recorded.size, stats, close };
}
