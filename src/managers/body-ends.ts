import { AsyncResource } from "node:async_hooks";
// Not the global one: applications' tests stop that, and an aborted run would never end.
import { setImmediate } from "node:timers";
import { isAbortOf, onAbort } from "../common/signals.ts";
import { RESOLVED, tolerated } from "../common/thenable.ts";
import { type AsyncRunManager, runOf } from "./base-run-manager.ts";
import { OpenRuns } from "./open-runs.ts";
import type { Run } from "./run.ts";

/*
 * How a run ends that lasts as long as a call: once, and after the runs below it if it fails.
 */

/** Code that hears the abort too has one turn of the event loop to end its runs itself, with what it knows of them. */
export function afterAbort(then: () => void): void {
  setImmediate(then);
}

/** From now on the runs below fail with this one, it fails when its signal aborts, and a second end of it is ignored. */
export function failTogether(manager: AsyncRunManager): void {
  const run = runOf(manager);
  const { signal } = run;
  run.own(new OpenRuns());
  if (signal === undefined) return;
  const fail = () => void tolerated(run.fail(signal.reason));
  // The abort may come from a handler, whose own events these errors are not.
  run.onEnd(
    onAbort(
      signal,
      AsyncResource.bind(() => afterAbort(fail)),
    ),
  );
}

/** Fails the run of a body that threw. Settles when the handlers have; their own errors have been reported. */
export async function fail(run: Run, error: unknown): Promise<void> {
  if (isAbortOf(run.signal, error)) await new Promise<void>(afterAbort);
  await run.fail(error).catch(() => undefined);
}

/** Ends a run with what its body returned. */
export type End = (value: unknown) => Promise<void>;

export function endOnce(run: Run, value: unknown, end: End): Promise<void> {
  return run.hasEnded ? RESOLVED : end(value);
}
