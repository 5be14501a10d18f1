import { RESOLVED } from "../../common/thenable.ts";
import {
  type AnyEventRecord,
  EVENT_INFO,
  type EventRecord,
  isRunEnd,
  type RunIdentity,
} from "../../core/events.ts";
import { ChoiceFilters, type Choices } from "../choices.ts";
import { OpenTraces } from "../open-traces.ts";
import { TokenIterationHandler } from "./token-iteration-handler.ts";
import type { StreamEnd } from "./token-stream.ts";

interface TraceState {
  hasModelRun: boolean;
  readonly openModelRuns: Set<string>;
}

/**
 * The tokens of model runs as async iterations, one per run:
 *
 * ```ts
 * const handler = new AsyncIteratorCallbackHandler();
 * const manager = new AsyncCallbackManager({ handlers: [handler] });
 * const tokens = handler.aiter();                 // the next run; may come before or after its start, or its end
 * void answer(manager, { signal: handler.signal });
 * for await (const token of tokens) process.stdout.write(token);
 * const response = await tokens.result;           // the response of onLLMEnd
 * ```
 *
 * - A run's error ends its iteration, which throws it. A model run that never ends is ended with its root.
 * - A root run that ends before a model run began in it ends the iterations that wait for a run, with its error or
 *   empty: the first of them if other traces are under way, else all.
 * - Leaving the loop early aborts that run's signal and drops its further tokens.
 * - A run that is read waits, in `onLLMNewToken`, while its queue is full. A run without a reader never waits: its tokens
 *   are kept in memory until they are read (see `maxUnreadRuns`). One that was asked for, and is not read, waits for
 *   `readerGraceMillis`, then goes on in that way, with a process warning.
 * - Of a run with several choices an iteration gives the first, or with `choices: "all"` the tokens of all, each as
 *   `{ text, index }`.
 * - An iteration that waits for its next token keeps the process alive.
 */
export class AsyncIteratorCallbackHandler<
  Which extends Choices = "first",
> extends TokenIterationHandler<Which> {
  readonly #filters = new ChoiceFilters(this.choices);
  readonly #traces = new OpenTraces<TraceState>(() => ({ hasModelRun: false, openModelRuns: new Set() }));

  override async onLLMStart(record: EventRecord<"on_llm_start">): Promise<void> {
    this.#begin(record);
  }

  override async onChatModelStart(record: EventRecord<"on_chat_model_start">): Promise<void> {
    this.#begin(record);
  }

  override onLLMNewToken(record: EventRecord<"on_llm_new_token">): Promise<void> {
    const token = this.#filters.take(record);
    if (token === undefined) return RESOLVED;
    return this.streams.get(record.runId)?.push(this.itemOf(token)) ?? RESOLVED;
  }

  override async onLLMEnd(record: EventRecord<"on_llm_end">): Promise<void> {
    this.#endModelRun(record, { result: record.response });
  }

  override async onLLMError(record: EventRecord<"on_llm_error">): Promise<void> {
    this.#endModelRun(record, { error: record.error });
  }

  /** Gets every other event; only starts and ends of runs matter. */
  override onEvent(record: AnyEventRecord): Promise<void> {
    const info = EVENT_INFO[record.event];
    if (info.phase === "start") this.#traces.begin(record);
    const trace = isRunEnd(info) ? this.#traces.end(record) : undefined;
    if (trace === undefined) return RESOLVED;
    const end = "error" in record ? { error: record.error } : { result: undefined };
    for (const runId of trace.openModelRuns) this.#close(runId, end);
    if (!trace.hasModelRun) this.streams.closeUpcoming(end, this.#traces.size === 0);
    return RESOLVED;
  }

  #begin(record: EventRecord<"on_llm_start" | "on_chat_model_start">): void {
    const trace = this.#traces.begin(record);
    trace.hasModelRun = true;
    trace.openModelRuns.add(record.runId);
    this.#filters.begin(record.runId);
    this.streams.open(record.runId);
  }

  #endModelRun(record: RunIdentity, end: StreamEnd): void {
    this.#close(record.runId, end);
    this.#traces.get(record)?.openModelRuns.delete(record.runId);
    this.#traces.end(record);
  }
  #close(runId: string, end: StreamEnd): void {
    const stream = this.streams.get(runId);
    for (const token of this.#filters.end(runId)) void stream?.push(this.itemOf(token));
    this.streams.close(runId, end);
  }
}
