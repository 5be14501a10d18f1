import { type OptionsOf, optional, resolve, unchecked } from "../../common/options.ts";
import { checkStream, painter, type TextStream } from "../../common/terminal.ts";
import { PRINTING_OPTIONS, PrintingHandler, type PrintingOptions } from "./printing-handler.ts";

const OUTPUT_OPTIONS = {
  /** @default process.stdout */
  stream: optional<TextStream>(unchecked),
  /** Whether to print in bold and colours. @default if the stream is a terminal; NO_COLOR and FORCE_COLOR are honoured */
  colors: optional<boolean>(unchecked),
};
const STD_OUT_OPTIONS = { ...PRINTING_OPTIONS, ...OUTPUT_OPTIONS };

export interface StdOutOptions extends PrintingOptions, OptionsOf<typeof OUTPUT_OPTIONS> {}

/** Prints starts and ends of chains, agents' decisions, tools' outputs, and texts. Throws SIDECALL_OPTION_INVALID. */
export class StdOutCallbackHandler extends PrintingHandler {
  readonly #stream: TextStream;

  constructor(options: StdOutOptions = {}) {
    const { stream: given, colors, ...printing } = resolve("options", STD_OUT_OPTIONS, options);
    const stream = checkStream(given ?? process.stdout);
    super(printing, painter(stream, colors));
    this.#stream = stream;
  }

  protected override print(text: string): void {
    this.#stream.write(text);
  }
}
