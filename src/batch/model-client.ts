import OpenAI from "openai";
import type {
  ChatCompletionChunk,
  ChatCompletionCreateParamsStreaming,
} from "openai/resources/chat/completions";
import { SidecallError } from "../common/errors.ts";
import { LoopYielder } from "./loop-yielder.ts";
import type { BatchRequest } from "./request.ts";

/** The head of an answer and the stream of its chunks. */
export interface OpenAnswer {
  readonly status: number;
  readonly requestId: string | null;
  readonly chunks: AsyncIterable<ChatCompletionChunk>;
}

function streamingBody(request: BatchRequest): ChatCompletionCreateParamsStreaming {
  const { parameters, model, messages, streamOptions } = request;
  const stream_options = { ...streamOptions, include_usage: true };
  // The user's parameters are sent unchecked; the server validates them.
  const body: unknown = { ...parameters, model, messages, stream: true, stream_options };
  return body as ChatCompletionCreateParamsStreaming;
}

function silence(timeoutMillis: number): SidecallError {
  const message = `The server was silent for ${timeoutMillis} ms`;
  return new SidecallError("SIDECALL_BATCH_REQUEST", message);
}

/**
 * Rejects when the signal is aborted, to race with the stream: the client ends an aborted stream as if it were complete,
 * and after an abort between two chunks it may not end it at all.
 */
function rejectionOf(signal: AbortSignal): Promise<never> {
  const rejection = new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
  rejection.catch(() => undefined);
  return rejection;
}

/** Sends requests to a model server, one try per call; the caller retries. */
export class ModelClient {
  readonly #client: OpenAI;
  readonly #timeoutMillis: number;
  readonly #yielder = new LoopYielder();

  constructor(baseUrl: string, apiKey: string, timeoutMillis: number) {
    this.#client = new OpenAI({ baseURL: baseUrl, apiKey, maxRetries: 0, logLevel: "off" });
    this.#timeoutMillis = timeoutMillis;
  }

  /**
   * Sends a request and passes every chunk of the answer to `onChunk`. Resolves when the stream has ended, even if the
   * answer is incomplete. Rejects with the error of the server or the connection, with SIDECALL_BATCH_REQUEST after too
   * long a silence or for an answer that is no event stream, and with the signal's reason when it is aborted.
   */
  async ask(
    request: BatchRequest,
    attempt: number,
    signal: AbortSignal,
    onChunk: (chunk: ChatCompletionChunk) => Promise<void>,
  ): Promise<Omit<OpenAnswer, "chunks">> {
    const controller = new AbortController();
    const stop = () => controller.abort(signal.reason);
    let isListening = true;
    const timer = setTimeout(() => {
      if (isListening) controller.abort(silence(this.#timeoutMillis));
    }, this.#timeoutMillis);
    const aborted = rejectionOf(controller.signal);
    signal.addEventListener("abort", stop);
    try {
      signal.throwIfAborted();
      const answer = await Promise.race([this.#open(request, attempt, controller.signal), aborted]);
      const chunks = answer.chunks[Symbol.asyncIterator]();
      for (;;) {
        const next = await Promise.race([chunks.next(), aborted]);
        if (next.done === true) break;
        // The time that handlers take does not count as silence; the timer restarts after them.
        isListening = false;
        await onChunk(next.value);
        const turn = this.#yielder.due();
        if (turn !== undefined) await turn;
        timer.refresh();
        isListening = true;
      }
      controller.signal.throwIfAborted();
      return answer;
    } catch (error) {
      controller.signal.throwIfAborted();
      throw error;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
    }
  }

  async #open(request: BatchRequest, attempt: number, signal: AbortSignal): Promise<OpenAnswer> {
    const headers = { "x-stainless-retry-count": String(attempt - 1) };
    const sent = this.#client.chat.completions.create(streamingBody(request), { signal, headers });
    const { data, response, request_id: requestId } = await sent.withResponse();
    const type = response.headers.get("content-type") ?? "nothing";
    if (!type.includes("text/event-stream")) {
      await response.body?.cancel();
      const message = `Expected the server to stream its answer as text/event-stream, got ${type}`;
      throw new SidecallError("SIDECALL_BATCH_REQUEST", message);
    }
    return { status: response.status, requestId, chunks: data };
  }
}
