import { isAbortOf, onAbort, untilAborted } from "../common/signals.ts";
import { tolerated } from "../common/thenable.ts";
import { reportIfUnawaited } from "../core/unawaited.ts";
import { type End, endOnce, fail } from "./body-ends.ts";
import { type AnyGenerator, isAsync, type Method, withSteps } from "./generators.ts";
import type { Run } from "./run.ts";

/*
 * Generators that bodies return: the run goes on while they are read.
 */

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

  readonly takeAsync = (step: () => unknown, method: Method): Promise<unknown> =>
    reportIfUnawaited(this.#takeAsync(step, method), (error) => {
      const { runId, signal } = this.#run;
      return isAbortOf(signal, error) ? undefined : { handler: "generator", event: "on_chain_error", runId };
    });

  async #takeAsync(step: () => unknown, method: Method): Promise<unknown> {
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
  }

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
export function untilDone<G extends AnyGenerator>(generator: G, run: Run, end: End): G {
  if (run.signal !== undefined) run.onEnd(onAbort(run.signal, () => leave(generator)));
  const steps = new BodySteps(run, end);
  return withSteps(generator, isAsync(generator) ? steps.takeAsync : steps.take);
}
