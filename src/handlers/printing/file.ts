import { LineFile } from "../../common/line-file.ts";
import { type OptionsOf, oneOf, required, resolve } from "../../common/options.ts";
import { checkPath } from "../../common/validate.ts";
import type { HandlerContext } from "../../wire/protocol.ts";
import { PRINTING_OPTIONS, PrintingHandler, type PrintingOptions } from "./printing-handler.ts";

const { color: _, ...UNCOLORED_OPTIONS } = PRINTING_OPTIONS;
const OUTPUT_OPTIONS = {
  /** File that is written to, in UTF-8; its folder must exist. */
  path: required(checkPath),
  /**
   * "truncate" begins with an empty file; a thread that takes over a lane goes on with it, but for `ordering: "none"`.
   * @default "append"
   */
  mode: oneOf(["append", "truncate"], "append"),
};
const FILE_OPTIONS = { ...UNCOLORED_OPTIONS, ...OUTPUT_OPTIONS };

export interface FileHandlerOptions
  extends Omit<PrintingOptions, "color">,
    OptionsOf<typeof OUTPUT_OPTIONS> {}

/**
 * Writes to a file what {@link StdOutCallbackHandler} prints, without colours:
 *
 * ```ts
 * await using handler = new FileCallbackHandler({ path: "run.log" });
 * ```
 *
 * `flush` resolves when every event so far is in the file, `close` and `await using` close it then; each rejects if
 * something could not be written. An event after that fails with SIDECALL_CLOSED. Several instances, also on several
 * threads, may write to one file. Throws SIDECALL_FILE_NOT_WRITABLE and SIDECALL_OPTION_INVALID.
 */
export class FileCallbackHandler extends PrintingHandler {
  readonly #file: LineFile;

  /** `context`: as off-thread handlers get it. */
  constructor(options: FileHandlerOptions, context?: Pick<HandlerContext, "restarts">) {
    const { path, mode, ...printing } = resolve("options", FILE_OPTIONS, options);
    super(printing);
    // What a thread wrote before it died is what one wants to read then.
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
