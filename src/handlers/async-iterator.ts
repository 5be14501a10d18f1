import { type AnyEventRecord, EVENT_INFO, type EventRecord, isRunEnd } from "../events.ts";
import { OpenTraces } from "./open-traces.ts";
import { TokenIterationHandler } from "./token-iteration-handler.ts";

const SETTLED: Promise<void> = Promise.resolve();

/**
 * The tokens of model runs as async iterations, one per run:
 *
 * ```ts
 * const handler = new AsyncIteratorCallbackHandler();
 * const manager = new AsyncCallbackManager({ handlers: [handler] });
 * const tokens = handler.aiter();                 // the next run; may come before or after its start, or its end
 * void answer(manager, { signal: handler.signal });
 * for await (const token of tokens) process.stdout.write(token);
 * const response = await tokens.result;           // what onLLMEnd gave
 * ```
 *
 * - An error of the run ends its iteration by throwing it. A root run that ends before a model run began in it ends
 *   the iterations that wait for a run, with its error or empty: the first of them if other traces are under
 *   way, else all.
 * - Leaving the loop early aborts that run's signal; its further tokens are dropped.
 * - A run that is read waits, in `onLLMNewToken`, while its queue is full. A run that nobody has asked for never waits:
 *   its tokens collect in memory, and stay until somebody asks (see `maxUnreadRuns`).
 * - An iteration that waits for its next token keeps the process alive.
 */
export class AsyncIteratorCallbackHandler extends TokenIterationHandler {
  readonly #traces = new OpenTraces(() => ({ hasModelRun: false }));

  override async onLLMStart(record: EventRecord<"on_llm_start">): Promise<void> {
    this.#begin(record);
  }

  override async onChatModelStart(record: EventRecord<"on_chat_model_start">): Promise<void> {
    this.#begin(record);
  }

  override onLLMNewToken({ runId, token }: EventRecord<"on_llm_new_token">): Promise<void> {
    return token === "" ? SETTLED : (this.streams.get(runId)?.push(token) ?? SETTLED);
  }

  override async onLLMEnd(record: EventRecord<"on_llm_end">): Promise<void> {
    this.streams.close(record.runId, { result: record.response });
    this.#traces.end(record);
  }

  override async onLLMError(record: EventRecord<"on_llm_error">): Promise<void> {
    this.streams.close(record.runId, { error: record.error });
    this.#traces.end(record);
  }

  /** Gets every other event, of which only starts and ends of runs count. */
  override onEvent(record: AnyEventRecord): Promise<void> {
    const info = EVENT_INFO[record.event];
    if (info.phase === "start") this.#traces.begin(record);
    if (isRunEnd(info) && this.#traces.end(record)?.hasModelRun === false) {
      const end = "error" in record ? { error: record.error } : { result: undefined };
      this.streams.closeUpcoming(end, this.#traces.size === 0);
    }
    return SETTLED;
  }

  #begin(record: EventRecord<"on_llm_start" | "on_chat_model_start">): void {
    this.#traces.begin(record).hasModelRun = true;
    this.streams.open(record.runId);
  }
}
