import type { IncomingMessage, ServerResponse } from "node:http";
import { bodyOf, chunksOf, complete } from "./completion.ts";
import { generateAnswer } from "./generated.ts";
import { digest, randomFrom } from "./random.ts";
import type { RecordedAnswers } from "./recorded.ts";
import { BadRequest, type ChatRequest, readRequest } from "./request.ts";
import { type Pace, sendEvents } from "./stream.ts";

const MAX_BODY_BYTES = 64 * 1024 * 1024;
const RETRY_AFTER_MILLIS = 20;

class TooLarge extends Error {}

async function readText(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > MAX_BODY_BYTES) throw new TooLarge();
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function sendJson(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
) {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
}

export function sendError(
  response: ServerResponse,
  status: number,
  error: { message: string; type: string; param?: string | null; code?: string | null },
  headers: Record<string, string> = {},
): void {
  sendJson(response, status, { error: { param: null, code: null, ...error } }, headers);
}

/** Decides and sends the response to each request. */
export class MockModel {
  readonly #recorded: RecordedAnswers;
  readonly #seed: string;
  readonly #failRate: number;
  readonly #pace: Pace;
  requests = 0;
  failuresInjected = 0;
  openStreams = 0;
  abandonedStreams = 0;

  constructor(recorded: RecordedAnswers, seed: string, failRate: number, pace: Pace) {
    this.#recorded = recorded;
    this.#seed = seed;
    this.#failRate = failRate;
    this.#pace = pace;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? "").split("?")[0];
    const route = `${request.method} ${path}`;
    if (route === "GET /v1/models") {
      const model = { id: "mock-server", object: "model", created: 0, owned_by: "sidecall" };
      return sendJson(response, 200, { object: "list", data: [model] });
    }
    if (route !== "POST /v1/chat/completions") {
      const message = `Unknown request URL: ${route}.`;
      return sendError(response, 404, { message, type: "invalid_request_error", code: "unknown_url" });
    }
    try {
      const text = await readText(request);
      await this.#chat(readRequest(text), String(request.headers["x-stainless-retry-count"] ?? 0), response);
    } catch (error) {
      if (error instanceof BadRequest) {
        const { message, param } = error;
        return sendError(response, 400, { message, type: "invalid_request_error", param });
      }
      if (!(error instanceof TooLarge)) throw error;
      const message = `Expected a body of at most ${MAX_BODY_BYTES} bytes.`;
      return sendError(response, 413, { message, type: "invalid_request_error" }, { connection: "close" });
    }
  }

  async #chat(request: ChatRequest, retry: string, response: ServerResponse): Promise<void> {
    this.requests += 1;
    // The retry count is part of the seed, so that a request that failed may succeed when it is sent again.
    const random = randomFrom("failure", this.#seed, request.key, retry);
    if (random() < this.#failRate) return this.#fail(random(), response);
    const id = digest("id", this.#seed, request.key);
    const recorded = this.#recorded.find(request.messages);
    const answers = Array.from(
      { length: request.choices },
      (_, choice) => recorded ?? generateAnswer(request, this.#seed, choice),
    );
    const completion = complete(request, answers, `chatcmpl-${id}`);
    response.setHeader("x-request-id", `req_${id}`);
    if (!request.stream) return sendJson(response, 200, bodyOf(completion));
    response.writeHead(200, {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache",
    });
    this.openStreams += 1;
    try {
      const done = await sendEvents(response, chunksOf(completion, request.includeUsage), this.#pace);
      if (!done) this.abandonedStreams += 1;
    } finally {
      this.openStreams -= 1;
    }
  }

  #fail(which: number, response: ServerResponse): void {
    this.failuresInjected += 1;
    if (which < 0.5) {
      const message = "Rate limit reached (injected by the mock server).";
      const error = { message, type: "rate_limit_error", code: "rate_limit_exceeded" };
      sendError(response, 429, error, { "retry-after-ms": String(RETRY_AFTER_MILLIS) });
      return;
    }
    sendError(response, 500, {
      message: "The server failed (injected by the mock server).",
      type: "server_error",
    });
  }
}
