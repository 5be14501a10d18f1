import { createServer } from "node:http";
import { errorText, SidecallError } from "../common/errors.ts";
import { integer, type Option, type OptionsOf, optional, resolve, unchecked } from "../common/options.ts";
import { invalidOption, MAX_TIMER_MILLIS } from "../common/validate.ts";
import { MockModel, sendError } from "./mock-model.ts";
import { loadRecorded, RecordedAnswers } from "./recorded.ts";

const MAX_PORT = 65_535;

function between(min: number, max: number, fallback: number): Option<number, number> {
  return optional((name, value) => {
    if (typeof value === "number" && value >= min && value <= max) return value;
    throw invalidOption(name, `from ${min} to ${max}`, value);
  }, fallback);
}

function checkRate(name: string, value: unknown): number {
  if (typeof value === "number" && value > 0) return value;
  throw invalidOption(name, "above 0", value);
}

const SERVER_OPTIONS = {
  /** File with recorded answers: .json or .jsonl, gzipped or not. @default none: every answer is generated */
  recorded: optional<string>(unchecked),
  /** Per stream; above 0. @default as fast as the connection takes them */
  tokensPerSecond: optional(checkRate, Number.POSITIVE_INFINITY),
  /** From the request to the first token, from 0 to 2147483647. @default 0 */
  firstTokenMillis: between(0, MAX_TIMER_MILLIS, 0),
  /** Share of requests that fail with status 429 or 500, from 0 to 1. @default 0 */
  failRate: between(0, 1, 0),
  /** Decides generated answers and failures, together with the request. @default 0 */
  seed: integer(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, 0),
  /** From 0 to 65535; 0 takes any free one. @default 0 */
  port: integer(0, MAX_PORT, 0),
};
export type MockServerOptions = OptionsOf<typeof SERVER_OPTIONS>;

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

/**
 * Starts a mock of an OpenAI-compatible model server: real HTTP on 127.0.0.1, `/v1/chat/completions` with streaming,
 * usage and tool calls, `/v1/models`. Answers and failures depend on seed and request alone, not on other requests.
 * Rejects with SIDECALL_OPTION_INVALID for a bad option, a recorded file that cannot be read, or a taken port.
 */
export async function startMockServer(options: MockServerOptions = {}): Promise<MockServer> {
  const settings = resolve("options", SERVER_OPTIONS, options);
  const { seed, failRate, firstTokenMillis, tokensPerSecond } = settings;
  const recorded =
    settings.recorded === undefined ? new RecordedAnswers() : await loadRecorded(settings.recorded);
  const mock = new MockModel(recorded, String(seed), failRate, { firstTokenMillis, tokensPerSecond });
  const server = createServer((request, response) => {
    mock.handle(request, response).catch((error: unknown) => {
      // A client that leaves in the middle of its request ends here too, without a response.
      if (response.headersSent || request.destroyed) response.destroy();
      else sendError(response, 500, { message: errorText(error), type: "server_error" });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(settings.port, HOST, resolve);
  }).catch((error: unknown) => {
    const message = `Expected port ${settings.port} of ${HOST} to be free: ${errorText(error)}`;
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
