import { errorText } from "../common/errors.ts";
import { millis, type OptionsOf, optional, type ResolvedOf, resolve } from "../common/options.ts";
import { isThenable } from "../common/thenable.ts";
import { invalidOption } from "../common/validate.ts";
import type { EventName } from "./events.ts";

/** One failure of a handler at an event of a run; `error` is the thrown value. */
export interface HandlerFailure {
  readonly handler: string;
  /** True: the application made a mistake with the event, and no handler failed. `handler` names the part that found it. */
  readonly isMisuse?: boolean;
  readonly event: EventName;
  readonly runId: string;
  readonly error: unknown;
}
export type HandlerErrorHook = (failure: HandlerFailure) => void;

/** One or more failures of a handler at the same event; `runId` and `error` are those of the last. */
export interface FailureReport extends HandlerFailure {
  /** Number of failures that this report covers; over all reports it adds up to all failures. */
  readonly count: number;
}

function checkLog(name: string, value: unknown): (report: FailureReport) => void {
  if (typeof value === "function") return value as (report: FailureReport) => void;
  throw invalidOption(name, "a function", value);
}

const LOGGER_OPTIONS = {
  /** Gets the reports; those left at the end of the process synchronously. @default a process warning */
  log: optional(checkLog),
  /** Time for which further failures of a handler at an event are only counted; above 0. @default 10_000 */
  intervalMillis: millis(10_000),
};
export type ThrottledErrorLoggerOptions = OptionsOf<typeof LOGGER_OPTIONS>;

/** Limit of the pairs of handler and event that are counted separately at the same time. */
const MAX_APART = 1000;
/** Stands for all handlers beyond `MAX_APART`. */
const OTHERS = "other handlers";

function detailOf(error: unknown): { readonly detail?: string } {
  try {
    return error instanceof Error && error.stack !== undefined ? { detail: String(error.stack) } : {};
  } catch {
    return {};
  }
}

/** Warnings not yet emitted: Node.js emits them on the next tick, which an exiting process never reaches. */
const unseen = new Set<Error>();

/** The default log: one process warning per report. */
function warn({ handler, isMisuse, event, runId, error, count }: FailureReport): void {
  const subject = isMisuse ? `${handler} was misused` : `handler ${handler} failed`;
  const what = count === 1 ? `at ${event} of` : `${count} times at ${event}, last in`;
  const warning = new Error(`${subject} ${what} run ${runId}: ${errorText(error)}`);
  Object.assign(warning, { name: "SidecallHandlerWarning" }, detailOf(error));
  unseen.add(warning);
  process.emitWarning(warning);
  process.nextTick(() => unseen.delete(warning));
}

/** Calls `listener`. If it throws, or its promise rejects, `failed` gets the error. */
export function callSafely<T>(
  listener: (about: T) => unknown,
  about: T,
  failed: (error: unknown) => void,
): void {
  try {
    const returned = listener(about);
    if (isThenable(returned)) Promise.resolve(returned).then(undefined, failed);
  } catch (error) {
    failed(error);
  }
}

/** Failures of one handler at one event since the last report. */
interface Count {
  sinceMillis: number;
  count: number;
  last: HandlerFailure;
  readonly timer: NodeJS.Timeout | undefined;
}

/** Logs with an open interval: they may have failures left to report when the process ends. */
const logs = new Set<ThrottledLog>();
let isWatching = false;

function watchExit(log: ThrottledLog): void {
  logs.add(log);
  if (isWatching) return;
  isWatching = true;
  const reportAll = () => {
    for (const each of logs) each.reportRest();
  };
  process.on("beforeExit", reportAll);
  process.on("exit", () => {
    reportAll();
    for (const warning of unseen) process.emit("warning", warning);
  });
}

class ThrottledLog {
  readonly #log: (report: FailureReport) => void;
  readonly #intervalMillis: number;
  readonly #counts = new Map<string, Count>();

  constructor({ log = warn, intervalMillis }: ResolvedOf<typeof LOGGER_OPTIONS>) {
    this.#log = log;
    this.#intervalMillis = intervalMillis;
  }

  add(failure: HandlerFailure): void {
    const own = `${failure.event} ${failure.handler}`;
    const isApart = this.#counts.has(own) || this.#counts.size < MAX_APART;
    const key = isApart ? own : failure.event;
    const known = this.#counts.get(key);
    if (known === undefined) {
      this.#begin(key, failure);
      this.#callSafely({ ...failure, count: 1 });
      return;
    }
    known.count += 1;
    known.last = isApart ? failure : { ...failure, handler: OTHERS };
    // A busy event loop delays the timer.
    if (performance.now() - known.sinceMillis >= this.#intervalMillis) this.#reportCount(known);
  }

  /** Reports all counted failures before their intervals are over. */
  reportRest(): void {
    for (const known of this.#counts.values()) if (known.count > 0) this.#reportCount(known);
  }

  #begin(key: string, last: HandlerFailure): void {
    const timer =
      this.#intervalMillis === Number.POSITIVE_INFINITY
        ? undefined
        : setTimeout(() => this.#intervalOver(key), this.#intervalMillis).unref();
    this.#counts.set(key, { sinceMillis: performance.now(), count: 0, last, timer });
    watchExit(this);
  }

  #intervalOver(key: string): void {
    const known = this.#counts.get(key);
    if (known !== undefined && known.count > 0) this.#reportCount(known);
    else this.#counts.delete(key);
    if (this.#counts.size === 0) logs.delete(this);
  }

  /** Reports the counted failures and begins another interval. */
  #reportCount(known: Count): void {
    const report = { ...known.last, count: known.count };
    known.count = 0;
    known.sinceMillis = performance.now();
    known.timer?.refresh();
    this.#callSafely(report);
  }

  #callSafely(report: FailureReport): void {
    callSafely(this.#log, report, (error) => {
      warn(report);
      warn({ ...report, handler: "throttledErrorLogger's log", error, count: 1 });
    });
  }
}

/**
 * Makes a hook for {@link onHandlerError} that reports a handler's first failure at an event at once. It counts further
 * ones and reports them together, with the last of them, when the interval is over or the process ends. Memory is bounded:
 * beyond a thousand pairs of handler and event at a time, failures are counted by event alone. If the log throws, process
 * warnings report its error and the failure. Throws SIDECALL_OPTION_INVALID.
 */
export function throttledErrorLogger(options: ThrottledErrorLoggerOptions = {}): HandlerErrorHook {
  const log = new ThrottledLog(resolve("options", LOGGER_OPTIONS, options));
  return (failure) => log.add(failure);
}
