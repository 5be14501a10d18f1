import { type OptionsOf, optional, resolve, unchecked } from "../../common/options.ts";
import { checkStream, type TextStream } from "../../common/terminal.ts";
import {
  type AnyEventRecord,
  EVENT_INFO,
  type EventRecord,
  isRunEnd,
  type RunIdentity,
} from "../../core/events.ts";
import type { ChoiceToken } from "../../token-queue/layout.ts";
import { BaseCallbackHandler } from "../base.ts";
import {
  type EndedAnswer,
  FINAL_ANSWER_OPTIONS,
  type FinalAnswerOptions,
  FinalAnswers,
} from "../final-answer.ts";
import { TextSequencer } from "./text-sequencer.ts";

const OUTPUT_OPTIONS = {
  /** @default process.stdout */
  stream: optional<TextStream>(unchecked),
};
const FINAL_STD_OUT_OPTIONS = { ...FINAL_ANSWER_OPTIONS, ...OUTPUT_OPTIONS };

export interface FinalStreamingStdOutOptions extends FinalAnswerOptions, OptionsOf<typeof OUTPUT_OPTIONS> {}

function joined(tokens: readonly ChoiceToken[]): string {
  return tokens.map(({ text }) => text).join("");
}

/**
 * Prints agents' final answers alone: a run's tokens after the prefix, as they come; for agents that print no prefix, the
 * text of the last model run without tool calls, when the root ends without an error. Of runs with several choices the first
 * counts. Concurrent answers are printed one
 * after the other. Throws SIDECALL_OPTION_INVALID.
 */
export class FinalStreamingStdOutCallbackHandler extends BaseCallbackHandler {
  readonly #answers: FinalAnswers;
  readonly #sequencer: TextSequencer;

  constructor(options: FinalStreamingStdOutOptions = {}) {
    super();
    const { stream: given, ...answer } = resolve("options", FINAL_STD_OUT_OPTIONS, options);
    this.#answers = new FinalAnswers(answer);
    const stream = checkStream(given ?? process.stdout);
    this.#sequencer = new TextSequencer((text) => void stream.write(text));
  }

  override onLLMStart(record: EventRecord<"on_llm_start">): void {
    this.#answers.beginModelRun(record);
  }

  override onChatModelStart(record: EventRecord<"on_chat_model_start">): void {
    this.#answers.beginModelRun(record);
  }

  override onLLMNewToken(record: EventRecord<"on_llm_new_token">): void {
    const text = joined(this.#answers.addToken(record));
    if (text !== "") this.#sequencer.add(record.runId, text);
  }

  override onLLMEnd(record: EventRecord<"on_llm_end">): void {
    this.#sequencer.end(record.runId);
    this.#close(record, this.#answers.endModelRun(record, record.response));
  }

  override onLLMError(record: EventRecord<"on_llm_error">): void {
    this.#sequencer.end(record.runId);
    this.#close(record, this.#answers.endModelRun(record, undefined));
  }

  /** Gets every other event; only starts and ends of runs matter. */
  override onEvent(record: AnyEventRecord): void {
    const info = EVENT_INFO[record.event];
    if (info.phase === "start") this.#answers.begin(record);
    if (isRunEnd(info)) this.#close(record, this.#answers.end(record));
  }

  #close({ traceId }: RunIdentity, ended: EndedAnswer | undefined): void {
    for (const runId of ended?.openRuns ?? []) this.#sequencer.end(runId);
    const rest = joined(ended?.rest ?? []);
    if (rest === "") return;
    this.#sequencer.add(traceId, rest);
    this.#sequencer.end(traceId);
  }
}
