// Not the global one: applications' tests stop that, and an aborted run would never end.
import { setImmediate } from "node:timers";
import { type OptionsOf, optional, signal, unchecked } from "../common/options.ts";
import { isAbortOf, onAbort, untilAborted } from "../common/signals.ts";
import { RESOLVED, tolerated } from "../common/thenable.ts";
import type { EventName } from "../core/events.ts";
import { reportIfUnawaited } from "../core/unawaited.ts";
import { type AsyncRunManager, runOf } from "./base-run-manager.ts";
import { checkCallbacks } from "./callbacks.ts";
import { withContext } from "./context.ts";
import { type AnyGenerator, isAsync, isGenerator, type Method, withSteps } from "./generators.ts";
import { OpenRuns } from "./open-runs.ts";
import type { Run } from "./run.ts";

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

/** Stands in a report for the run of a call that was refused. */
const NO_RUN = "none";

/** Called with a run of which the start is handled: from now on the runs below it fail with it. */
export type HasBegun = (run: AsyncRunManager) => void;

/** The promise of `call`, whose error is reported if the caller does not await it. */
export function unlessUnawaited<T>(
  caller: string,
  event: EventName,
  call: (hasBegun: HasBegun) => Promise<T>,
): Promise<T> {
  let runId = NO_RUN;
  const promise = call((run) => {
    runId = run.runId;
    failTogether(run);
  });
  return reportIfUnawaited(promise, () => ({ handler: caller, event, runId }));
}

/** Code that hears the abort too has one turn of the event loop to end its runs itself, with what it knows of them. */
export function afterAbort(then: () => void): void {
  setImmediate(then);
}

/** From now on the runs below fail with this one, it fails when its signal aborts, and a second end of it is ignored. */
function failTogether(manager: AsyncRunManager): void {
  const run = runOf(manager);
  const { signal } = run;
  run.own(new OpenRuns());
  if (signal === undefined) return;
  const fail = () => void tolerated(run.fail(signal.reason));
  run.onEnd(onAbort(signal, () => afterAbort(fail)));
}

/** Fails the run of a body that threw. Settles when the handlers have; their own errors have been reported. */
async function fail(run: Run, error: unknown): Promise<void> {
  if (isAbortOf(run.signal, error)) await new Promise<void>(afterAbort);
  await run.fail(error).catch(() => undefined);
}

/** Ends a run with what its body returned. */
type End = (value: unknown) => Promise<void>;

function endOnce(run: Run, value: unknown, end: End): Promise<void> {
  return run.hasEnded ? RESOLVED : end(value);
}

const DONE = { done: true, value: undefined } as const;

/** The steps of a generator that a body returned: the run ends with it. */
class BodySteps {
  readonly #run: Run;
  readonly #end: End;
  #isOver = false;

  constructor(run: Run, end: End) {
    this.#run = run;
    this.#end = end;
  }

  readonly takeAsync = async (step: () => unknown, method: Method): Promise<unknown> => {
    if (this.#isLeft(method)) return DONE;
    try {
      this.#run.signal?.throwIfAborted();
      const result = await untilAborted(this.#run.signal, Promise.resolve(step() as IteratorResult<unknown>));
      if (result.done) await this.#done(result.value);
      return result;
    } catch (error) {
      this.#isOver = true;
      await fail(this.#run, error);
      throw error;
    }
  };

  /** The reader cannot wait for the run's end: with what handlers fail there, that is only reported. */
  readonly take = (step: () => unknown, method: Method): unknown => {
    if (this.#isLeft(method)) return DONE;
    try {
      this.#run.signal?.throwIfAborted();
      const result = step() as IteratorResult<unknown>;
      if (result.done) void tolerated(this.#done(result.value));
      return result;
    } catch (error) {
      this.#isOver = true;
      void fail(this.#run, error);
      throw error;
    }
  };

  #done(value: unknown): Promise<void> {
    this.#isOver = true;
    return endOnce(this.#run, value, this.#end);
  }

  /** Whether the abort is over for the reader too. The generator may be running still, so it is not asked. */
  #isLeft(method: Method): boolean {
    if (!this.#run.signal?.aborted) return false;
    if (method === "return") this.#isOver = true;
    return this.#isOver;
  }
}

/** Leaves a generator as its reader could, whatever it is doing. */
function leave(generator: AnyGenerator): void {
  try {
    void Promise.resolve(generator.return?.(undefined)).catch(() => undefined);
  } catch {
    // It is running: its next step is refused.
  }
}

/** A generator that ends the run when it is done, is left or throws; it is left when the run's signal aborts. */
function untilDone<G extends AnyGenerator>(generator: G, run: Run, end: End): G {
  if (run.signal !== undefined) run.onEnd(onAbort(run.signal, () => leave(generator)));
  const steps = new BodySteps(run, end);
  return withSteps(generator, isAsync(generator) ? steps.takeAsync : steps.take);
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
