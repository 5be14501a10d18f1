import { LineFile } from "../../common/line-file.ts";
import { type OptionsOf, oneOf, required, resolve } from "../../common/options.ts";
import { checkPath } from "../../common/validate.ts";
import type { HandlerContext } from "../../core/handler.ts";
import { PRINTING_OPTIONS, PrintingHandler, type PrintingOptions } from "./printing-handler.ts";

const { color: _, ...UNCOLORED_OPTIONS } = PRINTING_OPTIONS;
const OUTPUT_OPTIONS = {
  /** File that is written to, in UTF-8; its folder must exist. */
  path: required(checkPath),
  /**
   * "truncate" begins with an empty file. A thread that replaces a dead one appends to it, except with `ordering: "none"`.
   * @default "append"
   */
  mode: oneOf(["append", "truncate"], "append"),
};
const FILE_OPTIONS = { ...UNCOLORED_OPTIONS, ...OUTPUT_OPTIONS };

export interface FileHandlerOptions
  extends Omit<PrintingOptions, "color">,
    OptionsOf<typeof OUTPUT_OPTIONS> {}

/**
 * Writes the text of {@link StdOutCallbackHandler} to a file, without colours:
 *
 * ```ts
 * await using handler = new FileCallbackHandler({ path: "run.log" });
 * ```
 *
 * `flush` resolves when every event so far is in the file; `close` and `await using` close the file then. Each rejects if
 * a write failed. An event after the close fails with SIDECALL_CLOSED. Several instances, also on several threads, may
 * write to one file. Throws SIDECALL_FILE_NOT_WRITABLE and SIDECALL_OPTION_INVALID.
 */
export class FileCallbackHandler extends PrintingHandler {
  readonly #file: LineFile;

  /** `context`: given to handlers off-thread. */
  constructor(options: FileHandlerOptions, context?: Pick<HandlerContext, "restarts">) {
    const { path, mode, ...printing } = resolve("options", FILE_OPTIONS, options);
    super(printing);
    // Keeps the lines that the dead thread wrote: they help to find out why it died.
    const isReplacement = context !== undefined && context.restarts > 0;
    this.#file = new LineFile(path, isReplacement ? "append" : mode);
  }

  protected override print(text: string): Promise<void> {
    return this.#file.appendText(text);
  }

  override flush(): Promise<void> {
    return this.#file.flush();
  }

  override close(): Promise<void> {
    return this.#file.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

export default FileCallbackHandler;
