import { jsonText } from "../common/json-text.ts";
import { type OptionsOf, optional, resolve, unchecked } from "../common/options.ts";
import { checkStream, type Paint, painter, type TextStream } from "../common/terminal.ts";
import type { AnyEventRecord } from "../core/events.ts";
import { BaseCallbackHandler } from "../handlers/base.ts";
import { crossed } from "../wire/records.ts";
import { printedError } from "./printed-error.ts";
import { isEnd, isStart } from "./run-head.ts";
import { type RunRecorder, RunTrees, type Step, type TreeRun } from "./run-tree.ts";
import { inputsOf, outputsOf } from "./run-values.ts";
import { tracedError } from "./traced-error.ts";

const CONSOLE_OPTIONS = {
  /** @default process.stdout */
  stream: optional<TextStream>(unchecked),
  /** Whether to print in colours. @default true on a terminal; NO_COLOR and FORCE_COLOR are honoured */
  colors: optional<boolean>(unchecked),
};
export type ConsoleTracerOptions = OptionsOf<typeof CONSOLE_OPTIONS>;

interface PrintedRun extends TreeRun<PrintedRun> {
  /** The run and those above it, root first: `chain:agent > tool:search`. */
  readonly path: string;
}

// Runs print their events; they keep none.
const RECORDER: RunRecorder<PrintedRun> = {
  begin: (_, head, parent) => {
    const own = `${head.runType}:${head.name}`;
    return {
      ...head,
      path: parent === undefined ? own : `${parent.path} > ${own}`,
      endTime: null,
      children: [],
    };
  },
  onEvent: () => undefined,
  end: () => undefined,
};

const COLORS = { start: "green", end: "blue", error: "red" } as const;

function elapsed({ startTime, endTime }: PrintedRun): string {
  const millis = (endTime ?? startTime) - startTime;
  return millis < 1000 ? `${Math.round(millis)} ms` : `${(millis / 1000).toFixed(2)} s`;
}

function pretty(value: unknown): string {
  return jsonText(value, 2);
}

/**
 * Prints each run's start and end as it happens, with the runs above it, its inputs, outputs or error, and its duration:
 * `[chain/start] [chain:agent > tool:search] Entering with inputs: …`. Throws SIDECALL_OPTION_INVALID.
 */
export class ConsoleTracer extends BaseCallbackHandler {
  readonly #trees = new RunTrees(RECORDER);
  readonly #stream: TextStream;
  readonly #paint: Paint;

  constructor(options: ConsoleTracerOptions = {}) {
    super();
    const { stream = process.stdout, colors } = resolve("options", CONSOLE_OPTIONS, options);
    this.#stream = checkStream(stream);
    this.#paint = painter(stream, colors);
  }

  override onEvent(record: AnyEventRecord): void {
    const step = this.#trees.add(record);
    if (step === undefined) return;
    this.#print(step, record);
    if (step.misuse !== undefined) throw step.misuse;
  }

  #print({ run }: Step<PrintedRun>, given: AnyEventRecord): void {
    const record = crossed(given);
    if (isStart(record)) this.#line(run, "start", "Entering with inputs:", pretty(inputsOf(record)));
    else if ("error" in record) {
      this.#line(
        run,
        "error",
        `[${elapsed(run)}] ${record.aborted ? "Aborted" : "Failed"} with error:`,
        printedError(tracedError(record.error)),
      );
    } else if (isEnd(record)) {
      this.#line(run, "end", `[${elapsed(run)}] Leaving with outputs:`, pretty(outputsOf(record)));
    }
  }

  #line(run: PrintedRun, phase: keyof typeof COLORS, text: string, detail: string): void {
    const head = this.#paint(COLORS[phase], `[${run.runType}/${phase}]`);
    const path = this.#paint("bold", `[${run.path}]`);
    this.#stream.write(`${head} ${path} ${text}\n${detail}\n`);
  }
}
