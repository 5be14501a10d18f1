import { type OptionsOf, optional, resolve, unchecked } from "../../common/options.ts";
import { checkStream, type TextStream } from "../../common/terminal.ts";
import type { EventRecord } from "../../core/events.ts";
import { BaseCallbackHandler } from "../base.ts";
import { ChoiceFilters } from "../choices.ts";

const STREAMING_OPTIONS = {
  /** @default process.stdout */
  stream: optional<TextStream>(unchecked),
};
export type StreamingStdOutOptions = OptionsOf<typeof STREAMING_OPTIONS>;

/**
 * Prints the tokens of every model run as they come; of a run with several choices those of the first. Throws
 * SIDECALL_OPTION_INVALID.
 */
export class StreamingStdOutCallbackHandler extends BaseCallbackHandler {
  readonly #stream: TextStream;
  readonly #choices = new ChoiceFilters("first");

  constructor(options: StreamingStdOutOptions = {}) {
    super();
    const { stream } = resolve("options", STREAMING_OPTIONS, options);
    this.#stream = checkStream(stream ?? process.stdout);
  }

  override onLLMStart({ runId }: EventRecord<"on_llm_start">): void {
    this.#choices.begin(runId);
  }

  override onChatModelStart({ runId }: EventRecord<"on_chat_model_start">): void {
    this.#choices.begin(runId);
  }

  override onLLMNewToken(record: EventRecord<"on_llm_new_token">): void {
    const token = this.#choices.take(record);
    if (token !== undefined) this.#stream.write(token.text);
  }

  override onLLMEnd({ runId }: EventRecord<"on_llm_end">): void {
    this.#end(runId);
  }

  override onLLMError({ runId }: EventRecord<"on_llm_error">): void {
    this.#end(runId);
  }

  #end(runId: string): void {
    for (const { text } of this.#choices.end(runId)) this.#stream.write(text);
  }
}
