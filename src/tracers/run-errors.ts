import { SidecallError } from "../common/errors.ts";
import type { AnyEventRecord } from "../core/events.ts";
import type { RunHead } from "./run-head.ts";

/*
 * What runs can do wrong, in words. Tracers throw these once the tree is right again; dispatch reports them.
 */

const SHOWN = 3;

function called({ id, name, runType }: Pick<RunHead, "id" | "name" | "runType">): string {
  return `${runType} run ${id} (${name})`;
}

export function unknownRun({ event, runId }: AnyEventRecord): SidecallError {
  return new SidecallError(
    "SIDECALL_RUN_UNKNOWN",
    `Expected ${event} to be of an open run, got run ${runId}, which has not begun here or is over. The event is left out; a tracer must hear of a run's start, and hear of it first.`,
  );
}

export function otherKind({ event }: AnyEventRecord, run: RunHead): SidecallError {
  return new SidecallError(
    "SIDECALL_RUN_UNKNOWN",
    `Expected ${event} to be of a run of its kind, got ${called(run)}. The event is left out; send the events of the kind that the run began as.`,
  );
}

export function alreadyEnded({ event }: AnyEventRecord, run: RunHead): SidecallError {
  return new SidecallError(
    "SIDECALL_RUN_ENDED",
    `Expected one end of a run, got ${event} of ${called(run)}, which has ended. The first end stands; end each run once.`,
  );
}

export function reusedRun({ event }: AnyEventRecord, run: RunHead): SidecallError {
  return new SidecallError(
    "SIDECALL_RUN_REUSED",
    `Expected a run with an id of its own, got ${event} with the id of ${called(run)}, which has not ended. The second start is left out; give each run its own id.`,
  );
}

export function leftOpen(root: RunHead, open: readonly RunHead[]): SidecallError {
  const first = open.slice(0, SHOWN).map(called).join(", ");
  const more = open.length > SHOWN ? ` and ${open.length - SHOWN} more` : "";
  return new SidecallError(
    "SIDECALL_RUN_LEFT_OPEN",
    `Expected ${called(root)} to end after all runs below it, got its end before that of ${open.length}: ${first}${more}. They are shown without an end; end children before their root.`,
  );
}
