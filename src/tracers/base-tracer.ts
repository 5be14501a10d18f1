import { errorText } from "../common/errors.ts";
import { isThenable } from "../common/thenable.ts";
import type { AnyEventRecord } from "../core/events.ts";
import { BaseCallbackHandler } from "../handlers/base.ts";
import { type ExternalRun, RunTrees, type Step } from "./run-tree.ts";
import { snapshot } from "./snapshot.ts";
import { type GrowingRun, objectRecorder, type TracedRun } from "./traced-run.ts";

/** Takes all steps, at once as far as nothing has to be awaited, whatever any throws; then throws what they threw. */
async function takeAll(steps: readonly (() => unknown)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      const returned = step();
      if (isThenable(returned)) await returned;
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 1) throw new AggregateError(failures, failures.map(errorText).join("; "));
  if (failures.length === 1) throw failures[0];
}

/**
 * Base class of tracers: builds the tree of runs below each root and gives it to `persistRun` once, when the root has
 * ended. A run whose parent this tracer does not know, or whose parent's tree is over, is a root here. Memory holds
 * unfinished trees alone; tokens are counted, not kept.
 *
 * What runs cannot do is left out of the trees and thrown, so that it is reported, once the rest is done:
 * SIDECALL_RUN_UNKNOWN, SIDECALL_RUN_REUSED, SIDECALL_RUN_ENDED, and SIDECALL_RUN_LEFT_OPEN for a root that ends before
 * runs below it.
 *
 * Subclasses define `persistRun` and the hooks, not the methods of events: an event goes to its own method first.
 */
export abstract class BaseTracer extends BaseCallbackHandler {
  readonly #trees = new RunTrees<GrowingRun>(objectRecorder((value) => this.keepValue(value)));

  /** Takes a finished root with all below it; may return a promise. Runs left open have `endTime: null`. */
  protected abstract persistRun(run: TracedRun): unknown;

  /** A run has begun; `isRoot`: it is a root here. A promise is awaited. */
  protected onRunStart?(run: TracedRun, isRoot: boolean): unknown;

  /** A run has ended, in an error if `run.error` is not null; before `persistRun`. A promise is awaited. */
  protected onRunEnd?(run: TracedRun, isRoot: boolean): unknown;

  /**
   * What a run keeps of the inputs, outputs, metadata, … that an event brings. By default a copy, as JSON if it cannot
   * be cloned: what the application changes afterwards does not change the run. Override it to keep less, or to save the copy.
   */
  protected keepValue(value: unknown): unknown {
    return snapshot(value);
  }

  /** Roots that have not ended, with what is below them so far. */
  protected get openRoots(): readonly TracedRun[] {
    return this.#trees.roots;
  }

  /**
   * Makes a run known that is traced elsewhere: runs below it get its trace id and continue its dotted order. It is
   * forgotten when the last of them has ended, or by the function that this gives back.
   * Throws SIDECALL_OPTION_INVALID.
   */
  adopt(run: ExternalRun): () => void {
    return this.#trees.adopt(run);
  }

  override onEvent(record: AnyEventRecord): unknown {
    const step = this.#trees.add(record);
    if (step === undefined) return undefined;
    if (step.isEnd) return this.#ended(step);
    return this.onRunStart?.(step.run, step.isRoot);
  }

  /** Persists the trees whose root has not ended; their open runs have `endTime: null`. */
  override async close(): Promise<void> {
    await takeAll(this.#trees.takeAll().map((root) => () => this.persistRun(root)));
  }

  #ended({ run, isRoot, misuse, failure }: Step<GrowingRun>): unknown {
    if (!isRoot && failure === undefined) return this.onRunEnd?.(run, isRoot);
    return takeAll([
      () => this.onRunEnd?.(run, isRoot),
      () => (isRoot ? this.persistRun(run) : undefined),
      () => (failure === undefined ? undefined : Promise.reject(failure.error)),
      () => (misuse === undefined ? undefined : Promise.reject(misuse)),
    ]);
  }
}
