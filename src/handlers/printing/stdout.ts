import { checkStream, painter, type TextStream } from "../../common/terminal.ts";
import { checkKeys } from "../../common/validate.ts";
import { PRINTING_KEYS, PrintingHandler, type PrintingOptions } from "./printing-handler.ts";

export interface StdOutOptions extends PrintingOptions {
  /** @default process.stdout */
  readonly stream?: TextStream;
  /** Whether to print in bold and colours. @default if the stream is a terminal; NO_COLOR and FORCE_COLOR are honoured */
  readonly colors?: boolean;
}

const OPTION_KEYS = [...PRINTING_KEYS, "stream", "colors"] as const satisfies (keyof StdOutOptions)[];

/** Prints starts and ends of chains, agents' decisions, tools' outputs, and texts. Throws SIDECALL_OPTION_INVALID. */
export class StdOutCallbackHandler extends PrintingHandler {
  readonly #stream: TextStream;

  constructor(options: StdOutOptions = {}) {
    checkKeys("options", options, OPTION_KEYS);
    const stream = checkStream(options.stream ?? process.stdout);
    super(options, painter(stream, options.colors));
    this.#stream = stream;
  }

  protected override print(text: string): void {
    this.#stream.write(text);
  }
}
