import { attempt } from "../common/attempt.ts";
import { type ErrorCode, SidecallError } from "../common/errors.ts";
import { invalidOption } from "../common/validate.ts";
import type { EventName } from "../core/events.ts";
import { reportFailure } from "../core/failures.ts";

/*
 * Mistakes of an application with a run that has begun. The event is delivered all the same, since a run without its end
 * would stay open; `onHandlerError` gets the mistake.
 */

/** A run, as far as reports name it. */
interface NamedRun {
  readonly runId: string;
  readonly name: string | undefined;
  readonly handlers: readonly unknown[];
}

function report(run: NamedRun, event: EventName, error: SidecallError): void {
  // Without handlers nothing is traced, and nothing is misread.
  if (run.handlers.length === 0) return;
  reportFailure({ handler: "run manager", isMisuse: true, event, runId: run.runId, error });
}

function misuse(run: NamedRun, event: EventName, code: ErrorCode, message: string): void {
  report(run, event, new SidecallError(code, message));
}

function textOf({ runId, name }: NamedRun): string {
  return name === undefined ? `run ${runId}` : `run \`${name}\` (${runId})`;
}

export function reportSecondEnd(run: NamedRun, event: EventName): void {
  const message = `Expected one end or error of ${textOf(run)}, got ${event} after it had ended. Handlers get it all the same; end each run once.`;
  misuse(run, event, "SIDECALL_RUN_ENDED", message);
}

/** Runs of which an event after the end was reported. */
const late = new WeakSet<NamedRun>();

/** Reports the first event of a run that comes after its end. */
export function reportLate(run: NamedRun, event: EventName): void {
  if (late.has(run)) return;
  late.add(run);
  const message = `Expected no ${event} of ${textOf(run)} after its end or error. Handlers get it all the same; further ones are not reported. Send the end last, once all else is sent.`;
  misuse(run, event, "SIDECALL_RUN_ENDED", message);
}

function isLists(value: unknown): boolean {
  return Array.isArray(value) && value.every((each) => Array.isArray(each));
}

/** Reports a model's response whose generations handlers cannot find. */
export function checkResponse(run: NamedRun, event: EventName, response: unknown): void {
  if (attempt(() => isLists((response as { generations?: unknown } | null | undefined)?.generations))) return;
  const expected =
    "an object with `generations`, one list for each prompt, as in `{ generations: [[{ text }]] }`";
  report(run, event, invalidOption("response", expected, response));
}

/** Reports documents that are no list. */
export function checkDocuments(run: NamedRun, event: EventName, documents: unknown): void {
  if (!Array.isArray(documents)) report(run, event, invalidOption("documents", "an array", documents));
}
