import { LineFile } from "../../common/line-file.ts";
import { checkFilled, checkKeys, checkOneOf } from "../../common/validate.ts";
import type { HandlerContext } from "../../core/handler.ts";
import { PRINTING_KEYS, PrintingHandler, type PrintingOptions } from "./printing-handler.ts";

export interface FileHandlerOptions extends Omit<PrintingOptions, "color"> {
  /** File to write to, in UTF-8; its folder must exist. */
  readonly path: string;
  /**
   * "truncate" begins with an empty file. A thread that replaces a dead one appends to it, except with `ordering: "none"`.
   * @default "append"
   */
  readonly mode?: "append" | "truncate";
}

const OPTION_KEYS = [
  ...PRINTING_KEYS.filter((key) => key !== "color"),
  "path",
  "mode",
] as const satisfies (keyof FileHandlerOptions)[];

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
    checkKeys("options", options, OPTION_KEYS);
    super(options);
    const { path, mode = "append" } = options;
    checkFilled("path", path, "the path of a file");
    checkOneOf("mode", mode, ["append", "truncate"]);
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
