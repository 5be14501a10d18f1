import { type OptionsOf, optional, signal, unchecked } from "../common/options.ts";
import { isAbortOf, untilAborted } from "../common/signals.ts";
import type { EventName } from "../core/events.ts";
import { NO_RUN, reportIfUnawaited } from "../core/unawaited.ts";
import type { BaseCallbackManager } from "./base-manager.ts";
import { type AsyncRunManager, runOf } from "./base-run-manager.ts";
import { type End, endOnce, fail, failTogether } from "./body-ends.ts";
import { untilDone } from "./body-generators.ts";
import { checkCallbacks } from "./callbacks.ts";
import { withContext } from "./context.ts";
import { type AnyGenerator, isGenerator } from "./generators.ts";

/*
 * Runs that last as long as a call: groups, and runs with a body. However the call ends, the run has one end, and no run below
 * it stays open because of an error.
 */

/** Options of a run with a body, whatever its kind. */
export const BODY_OPTIONS = {
  /** Beside those of the ambient context, which join in any case. @default none */
  callbacks: optional(checkCallbacks),
  /** @default a new UUIDv7 */
  runId: optional<string>(unchecked),
  /** Tags of the run and all runs below. @default [] */
  tags: optional<readonly string[]>(unchecked),
  /** Metadata of the run and all runs below. @default {} */
  metadata: optional<object>(unchecked),
  /** Cancels the run: it and the runs below it end with the reason. @default none */
  signal: signal(),
};
export type BodyOptions = OptionsOf<typeof BODY_OPTIONS>;

/** The options of `AsyncCallbackManager.configure` for a run with a body. */
export function configureOptions({ callbacks, tags, metadata, signal }: BodyOptions) {
  return { inheritable: callbacks, inheritableTags: tags, inheritableMetadata: metadata, signal };
}

/** A call that begins a run and lasts as long as that, as far as it has come. */
export class RunCall {
  runId: string = NO_RUN;
  #signal: AbortSignal | undefined;

  /** The signal that can refuse the run is known. */
  configured({ signal }: BaseCallbackManager): void {
    this.#signal = signal;
  }

  /** The run's start is handled: from now on the runs below it fail with it. */
  begun(run: AsyncRunManager): void {
    this.runId = run.runId;
    failTogether(run);
  }

  /** An abort's reason that is a primitive cannot be known by itself. */
  isAborted(error: unknown): boolean {
    return isAbortOf(this.#signal, error);
  }
}

/** The promise of `send`, whose error is reported if the caller does not await it. */
export function unlessUnawaited<T>(
  caller: string,
  event: EventName,
  send: (call: RunCall) => Promise<T>,
): Promise<T> {
  const call = new RunCall();
  return reportIfUnawaited(send(call), (error) =>
    call.isAborted(error) ? undefined : { handler: caller, event, runId: call.runId },
  );
}

/**
 * Calls `body` below the run; resolves to its result. The run gets exactly one end: by `end`, unless `body` has ended it
 * itself, or an error, when `body` throws or the signal is aborted, even while `body` goes on. If `body` returns a generator,
 * the run ends with that.
 */
export async function runBody<T>(
  manager: AsyncRunManager,
  body: () => T | PromiseLike<T>,
  end: End,
): Promise<T> {
  const run = runOf(manager);
  try {
    const work = withContext({ run: manager }, async () => body());
    const value = await untilAborted(run.signal, work);
    if (isGenerator(value)) return untilDone(value, run, end) as T & AnyGenerator;
    await endOnce(run, value, end);
    return value;
  } catch (error) {
    await fail(run, error);
    throw error;
  }
}
