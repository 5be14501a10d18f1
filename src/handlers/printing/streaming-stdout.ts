import { checkStream, type TextStream } from "../../common/terminal.ts";
import { checkKeys } from "../../common/validate.ts";
import type { EventRecord } from "../../core/events.ts";
import { BaseCallbackHandler } from "../base.ts";

export interface StreamingStdOutOptions {
  /** @default process.stdout */
  readonly stream?: TextStream;
}

const OPTION_KEYS = ["stream"] as const satisfies (keyof StreamingStdOutOptions)[];

/** Prints every token of every model run as it comes. Throws SIDECALL_OPTION_INVALID. */
export class StreamingStdOutCallbackHandler extends BaseCallbackHandler {
  readonly #stream: TextStream;

  constructor(options: StreamingStdOutOptions = {}) {
    super();
    checkKeys("options", options, OPTION_KEYS);
    this.#stream = checkStream(options.stream ?? process.stdout);
  }

  override onLLMNewToken({ token }: EventRecord<"on_llm_new_token">): void {
    if (token !== "") this.#stream.write(token);
  }
}
