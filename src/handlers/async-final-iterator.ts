import { type AnyEventRecord, EVENT_INFO, type EventRecord, isRunEnd, type RunIdentity } from "../events.ts";
import { checkKeys, invalidOption } from "../options.ts";
import { type AnswerPrefix, AnswerSearch, WatchedRun } from "./final-answer.ts";
import { OpenTraces } from "./open-traces.ts";
import {
  type AsyncIteratorOptions,
  ITERATION_KEYS,
  TokenIterationHandler,
} from "./token-iteration-handler.ts";

export interface AsyncFinalIteratorOptions extends AsyncIteratorOptions {
  /** The tokens after which an agent's final answer begins; at least one. @default ["Final", "Answer", ":"] */
  readonly answerPrefixTokens?: readonly string[];
  /** Compare tokens with the prefix without the white space around them. @default true */
  readonly stripTokens?: boolean;
  /** Give out the prefix too. @default false */
  readonly streamPrefix?: boolean;
}

const OPTION_KEYS = [
  ...ITERATION_KEYS,
  "answerPrefixTokens",
  "stripTokens",
  "streamPrefix",
] as const satisfies (keyof AsyncFinalIteratorOptions)[];
const DEFAULT_PREFIX = ["Final", "Answer", ":"];
const SETTLED: Promise<void> = Promise.resolve();

function prefixOf(answerPrefixTokens: readonly string[], stripTokens: boolean): AnswerPrefix {
  const isList =
    Array.isArray(answerPrefixTokens) && answerPrefixTokens.every((token) => typeof token === "string");
  if (!isList || answerPrefixTokens.length === 0) {
    throw invalidOption("answerPrefixTokens", "an array of at least one string", answerPrefixTokens);
  }
  const tokens = stripTokens ? answerPrefixTokens.map((token) => token.trim()) : [...answerPrefixTokens];
  return { tokens, strip: stripTokens };
}

/**
 * The tokens of agents' final answers as async iterations, one per trace: what {@link aiter}, {@link queueOf} and
 * {@link signalOf} say of runs holds here for traces, whose ids are their root runs' ids.
 *
 * A run's tokens after the prefix are given out as they come. Where no run of the trace prints the prefix (agents
 * that call tools by function calling never do), the answer is the text of the last model run without tool calls,
 * and comes when the root ends. The iteration ends when the root ends, and throws the root's error.
 */
export class AsyncFinalIteratorCallbackHandler extends TokenIterationHandler {
  readonly #prefix: AnswerPrefix;
  readonly #streamPrefix: boolean;
  readonly #traces = new OpenTraces(() => new AnswerSearch());

  /** Throws SIDECALL_OPTION_INVALID. */
  constructor(options: AsyncFinalIteratorOptions = {}) {
    checkKeys("options", options, OPTION_KEYS);
    const {
      answerPrefixTokens = DEFAULT_PREFIX,
      stripTokens = true,
      streamPrefix = false,
      ...rest
    } = options;
    super(rest);
    this.#prefix = prefixOf(answerPrefixTokens, stripTokens);
    this.#streamPrefix = streamPrefix;
  }

  override async onLLMStart(record: EventRecord<"on_llm_start">): Promise<void> {
    this.#beginModelRun(record);
  }

  override async onChatModelStart(record: EventRecord<"on_chat_model_start">): Promise<void> {
    this.#beginModelRun(record);
  }

  override async onLLMNewToken(record: EventRecord<"on_llm_new_token">): Promise<void> {
    const { token, runId, traceId } = record;
    const search = this.#traces.get(record);
    const run = search?.runs.get(runId);
    const stream = this.streams.get(traceId);
    if (token === "" || search === undefined || run === undefined || stream === undefined) return;
    if (run.isAnswer) return stream.push(token);
    const found = run.watch(token);
    if (found === undefined) return;
    search.isPrefixFound = true;
    if (this.#streamPrefix) await Promise.all(found.map((each) => stream.push(each)));
  }

  override async onLLMEnd(record: EventRecord<"on_llm_end">): Promise<void> {
    this.#traces.get(record)?.endRun(record.runId, record.response);
    this.#end(record);
  }

  override async onLLMError(record: EventRecord<"on_llm_error">): Promise<void> {
    this.#traces.get(record)?.runs.delete(record.runId);
    this.#end(record);
  }

  /** Gets every other event, of which only starts and ends of runs count. */
  override onEvent(record: AnyEventRecord): Promise<void> {
    const info = EVENT_INFO[record.event];
    if (info.phase === "start") this.#begin(record);
    if (isRunEnd(info)) this.#end(record);
    return SETTLED;
  }

  #begin(record: RunIdentity): AnswerSearch {
    this.streams.open(record.traceId);
    return this.#traces.begin(record);
  }

  #beginModelRun(record: RunIdentity): void {
    this.#begin(record).runs.set(record.runId, new WatchedRun(this.#prefix));
  }

  #end(record: AnyEventRecord): void {
    const search = this.#traces.end(record);
    if (search === undefined) return;
    const { traceId } = record;
    const { answer, isPrefixFound } = search;
    if ("error" in record) {
      this.streams.close(traceId, { error: record.error });
      return;
    }
    const stream = this.streams.get(traceId);
    if (answer !== undefined && !isPrefixFound) {
      for (const token of answer.tokens) if (token !== "") void stream?.push(token);
    }
    this.streams.close(traceId, { result: answer?.result });
  }
}
