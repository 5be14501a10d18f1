import { SidecallError } from "../common/errors.ts";
import type { AnyEventRecord } from "../core/events.ts";

/*
 * Events that contradict the runs before them, as errors. Handlers that follow runs throw these once their own state is
 * right again; dispatch reports them.
 */

const LISTED_RUNS = 3;

/** A run as messages name it: `tool run 018f… (search)`. */
interface NamedRun {
  readonly id: string;
  readonly name: string;
  readonly runType: string;
}

function named({ id, name, runType }: NamedRun): string {
  return `${runType} run ${id} (${name})`;
}

export function unknownRun({ event, runId }: AnyEventRecord): SidecallError {
  return new SidecallError(
    "SIDECALL_RUN_UNKNOWN",
    `Expected ${event} to be of an open run, got run ${runId}, which has not begun here or is over. The event is left out; give the handler a run's start before the run's other events.`,
  );
}

export function otherKind({ event }: AnyEventRecord, run: NamedRun): SidecallError {
  return new SidecallError(
    "SIDECALL_RUN_UNKNOWN",
    `Expected ${event} to be of a run of its kind, got ${named(run)}. The event is left out; send the events of the kind that the run began as.`,
  );
}

export function alreadyEnded({ event }: AnyEventRecord, run: NamedRun): SidecallError {
  return new SidecallError(
    "SIDECALL_RUN_ENDED",
    `Expected one end of a run, got ${event} of ${named(run)}, which has ended. The first end stands; end each run once.`,
  );
}

/** `run`: the open run whose id the event uses again. */
export function reusedRun({ event }: AnyEventRecord, run: NamedRun): SidecallError {
  return new SidecallError(
    "SIDECALL_RUN_REUSED",
    `Expected a run with an id of its own, got ${event} with the id of ${named(run)}, which has not ended. The event is left out; give each run its own id.`,
  );
}

export function leftOpen(root: NamedRun, open: readonly NamedRun[]): SidecallError {
  const first = open.slice(0, LISTED_RUNS).map(named).join(", ");
  const more = open.length > LISTED_RUNS ? ` and ${open.length - LISTED_RUNS} more` : "";
  return new SidecallError(
    "SIDECALL_RUN_LEFT_OPEN",
    `Expected ${named(root)} to end after all runs below it, got its end before that of ${open.length}: ${first}${more}. They are traced without an end; end children before their root.`,
  );
}
