import type { AnyEventRecord } from "../events.ts";
import { BaseCallbackHandler } from "../handlers/base.ts";
import { LineFile } from "../line-file.ts";
import { checkKeys, invalidOption } from "../options.ts";
import { RunTrees } from "./run-tree.ts";

export interface JsonLinesTracerOptions {
  /** File that the lines are appended to; its folder must exist. */
  readonly path: string;
}

/**
 * Writes one line of JSON per finished root run, its children nested in it: `id`, `parentRunId`, `traceId`, `name`,
 * `runType`, `startTime` and `endTime` (ms since the epoch), `inputs`, `outputs`, `error`, `tags`, `metadata`,
 * `tokens: {count, firstTime, lastTime}`, `events` (retries, texts, custom events; where there are any), `children`.
 *
 * Memory holds unfinished trees alone. Several instances, also on several threads, may append to one file. `flush`
 * resolves when every finished tree is in the file; `close` writes unfinished ones too, with `endTime: null`.
 * Throws SIDECALL_FILE_NOT_WRITABLE, and SIDECALL_OPTION_INVALID without a path.
 */
export class JsonLinesTracer extends BaseCallbackHandler {
  readonly #file: LineFile;
  readonly #trees: RunTrees;

  constructor(options: JsonLinesTracerOptions) {
    super();
    checkKeys("options", options, ["path"] satisfies (keyof JsonLinesTracerOptions)[]);
    const { path } = options;
    if (typeof path !== "string" || path === "") throw invalidOption("path", "the path of a file", path);
    this.#file = new LineFile(path, "append");
    this.#trees = new RunTrees((line) => this.#file.append(line));
  }

  override onEvent(record: AnyEventRecord): Promise<void> | undefined {
    return this.#trees.add(record);
  }

  override flush(): Promise<void> {
    return this.#file.flush();
  }

  override async close(): Promise<void> {
    await this.#trees.finish();
    await this.#file.close();
  }
}

export default JsonLinesTracer;
