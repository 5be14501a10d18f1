import { errorText } from "../common/errors.ts";
import { millis, type OptionsOf, optional, type ResolvedOf, resolve } from "../common/options.ts";
import { invalidOption } from "../common/validate.ts";
import { isThenable } from "./deliver.ts";
import type { EventName } from "./events.ts";

/** A handler's failure: which handler, at which event of which run, and what it threw. */
export interface HandlerFailure {
  readonly handler: string;
  readonly event: EventName;
  readonly runId: string;
  readonly error: unknown;
}
export type HandlerErrorHook = (failure: HandlerFailure) => void;

/** One or more failures of a handler at the same event; `runId` and `error` are those of the last. */
export interface FailureReport extends HandlerFailure {
  /** How many failures this stands for; those of all reports add up to all failures. */
  readonly count: number;
}

function checkLog(name: string, value: unknown): (report: FailureReport) => void {
  if (typeof value === "function") return value as (report: FailureReport) => void;
  throw invalidOption(name, "a function", value);
}

const LOGGER_OPTIONS = {
  /** Told of failures; at the end of the process too, then synchronously. @default a process warning */
  log: optional(checkLog),
  /** How long further failures of a handler at an event are only counted; above 0. @default 10_000 */
  intervalMillis: millis(10_000),
};
export type ThrottledErrorLoggerOptions = OptionsOf<typeof LOGGER_OPTIONS>;

/** Of how many handlers and events failures are counted apart, at the same time. */
const MAX_APART = 1000;
/** Stands for the handlers beyond. */
const OTHERS = "other handlers";

function detailOf(error: unknown): { readonly detail?: string } {
  try {
    return error instanceof Error && error.stack !== undefined ? { detail: String(error.stack) } : {};
  } catch {
    return {};
  }
}

/** Warnings that Node.js has been given and has not emitted, which takes a turn that an exiting process has not. */
const unseen = new Set<Error>();

/** Tells of failures by a process warning. */
function warn({ handler, event, runId, error, count }: FailureReport): void {
  const what = count === 1 ? `failed at ${event} of` : `failed ${count} times at ${event}, last in`;
  const warning = new Error(`handler ${handler} ${what} run ${runId}: ${errorText(error)}`);
  Object.assign(warning, { name: "SidecallHandlerWarning" }, detailOf(error));
  unseen.add(warning);
  process.emitWarning(warning);
  process.nextTick(() => unseen.delete(warning));
}

/** Tells `listener` of something. Whether it throws or gives a promise that rejects, `failed` gets the error. */
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

/** Failures of one handler at one event since they were last told. */
interface Count {
  sinceMillis: number;
  count: number;
  last: HandlerFailure;
  readonly timer: NodeJS.Timeout | undefined;
}

/** Logs that may have something left to report when the process ends. */
const logs = new Set<ThrottledLog>();
let isWatching = false;

function watchExit(log: ThrottledLog): void {
  logs.add(log);
  if (isWatching) return;
  isWatching = true;
  const tellAll = () => {
    for (const each of logs) each.tellRest();
  };
  process.on("beforeExit", tellAll);
  process.on("exit", () => {
    tellAll();
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
    // The timer is late while something keeps the event loop busy.
    if (performance.now() - known.sinceMillis >= this.#intervalMillis) this.#tellCount(known);
  }

  /** Tells of what is counted, before its time. */
  tellRest(): void {
    for (const known of this.#counts.values()) if (known.count > 0) this.#tellCount(known);
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
    if (known !== undefined && known.count > 0) this.#tellCount(known);
    else this.#counts.delete(key);
    if (this.#counts.size === 0) logs.delete(this);
  }

  /** Another interval begins. */
  #tellCount(known: Count): void {
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
 * A hook for {@link onHandlerError} that does not report every failure: it reports the first one of a handler at an event at
 * once; further ones are counted and told together, with the last of them, when the interval is over or the process
 * ends. Memory is bounded: beyond a thousand handlers and events at a time, failures are counted by event alone. A log
 * that throws is told of, with what it was to report, by process warnings. Throws SIDECALL_OPTION_INVALID.
 */
export function throttledErrorLogger(options: ThrottledErrorLoggerOptions = {}): HandlerErrorHook {
  const log = new ThrottledLog(resolve("options", LOGGER_OPTIONS, options));
  return (failure) => log.add(failure);
}
