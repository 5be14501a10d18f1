import { LineFile } from "../common/line-file.ts";
import { type OptionsOf, required, resolve } from "../common/options.ts";
import { checkPath } from "../common/validate.ts";
import type { AnyEventRecord } from "../core/events.ts";
import { BaseCallbackHandler } from "../handlers/base.ts";
import { JSON_RECORDER, lineOf } from "./json-run.ts";
import { type ExternalRun, RunTrees } from "./run-tree.ts";

const JSON_LINES_OPTIONS = {
  /** File that the lines are appended to; its folder must exist. */
  path: required(checkPath),
};
export type JsonLinesTracerOptions = OptionsOf<typeof JSON_LINES_OPTIONS>;

/**
 * Appends one line of JSON per finished root run, its children nested in it: `id`, `parentRunId`, `traceId`,
 * `dottedOrder`, `name`, `runType`, `startTime` and `endTime` (ms since the epoch), `inputs`, `outputs`, `error`, `extra`
 * (if there is any), `tags`, `metadata` (the start's alone), `tokens: {count, firstTime, lastTime}`, `events` (retries,
 * texts, custom events, …; if there are any), `children`. `TracedRun` describes each.
 *
 * Memory holds unfinished trees alone. Several instances, also on several threads, may append to one file. `flush`
 * resolves when every finished tree is in the file; `close` writes unfinished ones too, with `endTime: null`.
 * Throws SIDECALL_FILE_NOT_WRITABLE, and SIDECALL_OPTION_INVALID without a path.
 */
export class JsonLinesTracer extends BaseCallbackHandler {
  readonly #file: LineFile;
  readonly #trees = new RunTrees(JSON_RECORDER);

  constructor(options: JsonLinesTracerOptions) {
    super();
    const { path } = resolve("options", JSON_LINES_OPTIONS, options);
    this.#file = new LineFile(path, "append");
  }

  override onEvent(record: AnyEventRecord): Promise<void> | undefined {
    const step = this.#trees.add(record);
    if (step === undefined || !step.isEnd || !step.isRoot) return undefined;
    const { run, misuse } = step;
    const written = this.#file.append(lineOf(run));
    return misuse === undefined ? written : written.then(() => Promise.reject(misuse));
  }

  /** Makes a run known that is traced elsewhere; see `BaseTracer.adopt`. */
  adopt(run: ExternalRun): () => void {
    return this.#trees.adopt(run);
  }

  override flush(): Promise<void> {
    return this.#file.flush();
  }

  override async close(): Promise<void> {
    try {
      for (const root of this.#trees.takeAll()) await this.#file.append(lineOf(root));
    } finally {
      await this.#file.close();
    }
  }
}

/** @alias The export that a handler spec takes by default. */
export default JsonLinesTracer;
