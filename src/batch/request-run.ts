import { setTimeout as delay } from "node:timers/promises";
import { APIError } from "openai";
import type { ChatCompletionChunk } from "openai/resources/chat/completions";
import { SidecallError } from "../common/errors.ts";
import { startRegardless } from "../managers/async-manager.ts";
import type { AsyncCallbackManagerForLLMRun } from "../managers/run-managers.ts";
import { noopRunManager } from "../managers/silent-run.ts";
import { CompletionBuilder } from "./completion.ts";
import { failureText, isRetryable, refusalBody, retryDelayMillis, statusOf } from "./failures.ts";
import type { ModelClient } from "./model-client.ts";
import type { BatchSettings } from "./options.ts";
import { type BatchRecord, errorRecord, responseRecord } from "./record.ts";
import type { BatchRequest } from "./request.ts";
import type { BatchStatistics } from "./statistics.ts";

/** Makes the abort reason of a stopped batch. */
export function interruption(): SidecallError {
  return new SidecallError(
    "SIDECALL_BATCH_INTERRUPTED",
    "The batch was stopped before this request was done",
  );
}

/** One request of a batch as one chat-model run, from its start event to its record. */
export class RequestRun {
  readonly #request: BatchRequest;
  readonly #settings: BatchSettings;
  readonly #client: ModelClient;
  readonly #statistics: BatchStatistics;
  readonly #signal: AbortSignal;
  #completion = new CompletionBuilder();
  #startMillis = 0;

  constructor(
    request: BatchRequest,
    settings: BatchSettings,
    client: ModelClient,
    statistics: BatchStatistics,
    signal: AbortSignal,
  ) {
    this.#request = request;
    this.#settings = settings;
    this.#client = client;
    this.#statistics = statistics;
    this.#signal = signal;
  }

  /** Runs the request to its record. Never rejects: failures of server or handlers become the record or are reported. */
  async execute(): Promise<BatchRecord> {
    const run = await this.#start();
    this.#startMillis = performance.now();
    try {
      const { status, requestId } = await this.#askUntilAnswered(run);
      return await this.#succeed(run, status, requestId);
    } catch (error) {
      return await this.#fail(run, error);
    }
  }

  async #start(): Promise<AsyncCallbackManagerForLLMRun> {
    const { customId, line, model, messages, parameters } = this.#request;
    const manager = this.#settings.manager.copy();
    manager.addMetadata({ customId, line, model }, false);
    const options = { extra: { invocationParams: { ...parameters, model } } };
    let run: AsyncCallbackManagerForLLMRun | undefined;
    await this.#statistics.timeEvent(async () => {
      run = await startRegardless(manager, { name: model }, messages, options);
    });
    // The manager's own signal is aborted: no handler gets the run.
    return run ?? noopRunManager("llm");
  }

  async #askUntilAnswered(run: AsyncCallbackManagerForLLMRun) {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#ask(run, attempt);
      } catch (error) {
        const hasBegun = this.#completion.hasContent;
        if (hasBegun || this.#signal.aborted || attempt > this.#settings.maxRetries || !isRetryable(error))
          throw error;
        const delayMillis = retryDelayMillis(error, attempt, this.#settings.retryDelayMillis);
        this.#statistics.retries += 1;
        const retryState = { attempt, delayMillis, status: statusOf(error), error: failureText(error) };
        await this.#statistics.timeEvent(() => run.onRetry(retryState));
        // The next try rejects if the batch was stopped meanwhile.
        await delay(delayMillis, undefined, { signal: this.#signal }).catch(() => undefined);
      }
    }
  }

  async #ask(run: AsyncCallbackManagerForLLMRun, attempt: number) {
    this.#completion = new CompletionBuilder();
    const answer = await this.#client.ask(this.#request, attempt, this.#signal, (chunk) =>
      this.#onChunk(run, chunk),
    );
    if (this.#completion.isFinished) return answer;
    const message = "The server's stream ended before its answer did";
    throw new SidecallError("SIDECALL_BATCH_REQUEST", message);
  }

  async #onChunk(run: AsyncCallbackManagerForLLMRun, chunk: ChatCompletionChunk): Promise<void> {
    const completion = this.#completion;
    const hadContent = completion.hasContent;
    const pieces = completion.add(chunk);
    if (!hadContent && completion.hasContent) {
      this.#statistics.firstToken.add(performance.now() - this.#startMillis);
    }
    for (const { choice, text } of pieces) {
      this.#statistics.streamedTokens += 1;
      const options = choice === 0 ? undefined : { index: { prompt: 0, completion: choice } };
      await this.#statistics.timeEvent(() => run.onLLMNewToken(text, options));
    }
  }

  async #succeed(
    run: AsyncCallbackManagerForLLMRun,
    status: number,
    requestId: string | null,
  ): Promise<BatchRecord> {
    const { usage } = this.#completion;
    this.#statistics.latency.add(performance.now() - this.#startMillis);
    this.#statistics.promptTokens += usage?.prompt_tokens ?? 0;
    this.#statistics.completionTokens += usage?.completion_tokens ?? 0;
    const result = this.#completion.result(this.#request.model);
    await this.#statistics.timeEvent(() => run.onLLMEnd(result));
    const response = { status_code: status, request_id: requestId, body: this.#completion.body() };
    return responseRecord(this.#request.customId, response);
  }

  async #fail(run: AsyncCallbackManagerForLLMRun, error: unknown): Promise<BatchRecord> {
    const { customId, line, model } = this.#request;
    this.#statistics.fail(line, customId, failureText(error));
    const arrived = this.#completion.hasContent ? { response: this.#completion.result(model) } : undefined;
    await this.#statistics.timeEvent(() => run.onLLMError(error, arrived));
    if (error instanceof APIError && error.status !== undefined) {
      const response = {
        status_code: error.status,
        request_id: error.requestID ?? null,
        body: refusalBody(error),
      };
      return responseRecord(customId, response);
    }
    const code = error instanceof SidecallError ? error.code : "SIDECALL_BATCH_REQUEST";
    return errorRecord(customId, { code, message: failureText(error), line });
  }
}
