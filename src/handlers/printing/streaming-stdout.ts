import { type OptionsOf, optional, resolve, unchecked } from "../../common/options.ts";
import { checkStream, type TextStream } from "../../common/terminal.ts";
import type { EventRecord } from "../../core/events.ts";
import { BaseCallbackHandler } from "../base.ts";

const STREAMING_OPTIONS = {
  /** @default process.stdout */
  stream: optional<TextStream>(unchecked),
};
export type StreamingStdOutOptions = OptionsOf<typeof STREAMING_OPTIONS>;

/** Prints every token of every model run as it comes. Throws SIDECALL_OPTION_INVALID. */
export class StreamingStdOutCallbackHandler extends BaseCallbackHandler {
  readonly #stream: TextStream;

  constructor(options: StreamingStdOutOptions = {}) {
    super();
    const { stream } = resolve("options", STREAMING_OPTIONS, options);
    this.#stream = checkStream(stream ?? process.stdout);
  }

  override onLLMNewToken({ token }: EventRecord<"on_llm_new_token">): void {
    if (token !== "") this.#stream.write(token);
  }
}
