import { resolve } from "../../common/options.ts";
import { RESOLVED } from "../../common/thenable.ts";
import {
  type AnyEventRecord,
  EVENT_INFO,
  type EventRecord,
  isRunEnd,
  type RunIdentity,
} from "../../core/events.ts";
import type { Choices } from "../choices.ts";
import {
  type EndedAnswer,
  FINAL_ANSWER_OPTIONS,
  type FinalAnswerOptions,
  FinalAnswers,
} from "../final-answer.ts";
import {
  type AsyncIteratorOptions,
  ITERATION_OPTIONS,
  TokenIterationHandler,
} from "./token-iteration-handler.ts";

export interface AsyncFinalIteratorOptions<Which extends Choices = "first">
  extends AsyncIteratorOptions<Which>,
    FinalAnswerOptions {}

const FINAL_ITERATOR_OPTIONS = { ...ITERATION_OPTIONS, ...FINAL_ANSWER_OPTIONS };

/**
 * The tokens of agents' final answers as async iterations, one per trace. {@link aiter}, {@link queueOf} and
 * {@link signalOf} take a trace's id, which is its root run's id, in place of a run's.
 *
 * A run's tokens after the prefix come as they are made. If no run of the trace prints the prefix (agents that call tools
 * by function calling never do), the answer is the text of the last model run without tool calls, and comes when the root
 * ends. The iteration ends with the root, and throws the root's error. Of runs with several choices the first counts, or
 * with `choices: "all"` each by itself, its tokens as `{ text, index }`.
 */
export class AsyncFinalIteratorCallbackHandler<
  Which extends Choices = "first",
> extends TokenIterationHandler<Which> {
  readonly #answers: FinalAnswers;

  /** Throws SIDECALL_OPTION_INVALID. */
  constructor(options: AsyncFinalIteratorOptions<Which>);
  constructor(options?: AsyncFinalIteratorOptions);
  constructor(options: AsyncFinalIteratorOptions<Choices> = {}) {
    const { answerPrefixTokens, stripTokens, streamPrefix, ...iteration } = resolve(
      "options",
      FINAL_ITERATOR_OPTIONS,
      options,
    );
    super(iteration as AsyncIteratorOptions<Which>);
    this.#answers = new FinalAnswers({ answerPrefixTokens, stripTokens, streamPrefix }, this.choices);
  }

  override async onLLMStart(record: EventRecord<"on_llm_start">): Promise<void> {
    this.#beginModelRun(record);
  }

  override async onChatModelStart(record: EventRecord<"on_chat_model_start">): Promise<void> {
    this.#beginModelRun(record);
  }

  override async onLLMNewToken(record: EventRecord<"on_llm_new_token">): Promise<void> {
    const stream = this.streams.get(record.traceId);
    const tokens = this.#answers.addToken(record);
    if (stream !== undefined && tokens.length > 0)
      await Promise.all(tokens.map((token) => stream.push(this.itemOf(token))));
  }

  override async onLLMEnd(record: EventRecord<"on_llm_end">): Promise<void> {
    this.#close(record, this.#answers.endModelRun(record, record.response));
  }

  override async onLLMError(record: EventRecord<"on_llm_error">): Promise<void> {
    this.#close(record, this.#answers.endModelRun(record, undefined));
  }

  /** Gets every other event; only starts and ends of runs matter. */
  override onEvent(record: AnyEventRecord): Promise<void> {
    const info = EVENT_INFO[record.event];
    if (info.phase === "start") {
      this.streams.open(record.traceId);
      this.#answers.begin(record);
    }
    if (isRunEnd(info)) this.#close(record, this.#answers.end(record));
    return RESOLVED;
  }

  #beginModelRun(record: RunIdentity): void {
    this.streams.open(record.traceId);
    this.#answers.beginModelRun(record);
  }

  /** Ends the trace's iteration if the trace has ended. */
  #close(record: AnyEventRecord, ended: EndedAnswer | undefined): void {
    if (ended === undefined) return;
    const { traceId } = record;
    const stream = this.streams.get(traceId);
    for (const token of ended.rest) void stream?.push(this.itemOf(token));
    const end = "error" in record ? { error: record.error } : { result: ended.result };
    this.streams.close(traceId, end);
  }
}
