import { errorText } from "../common/errors.ts";
import { isThenable } from "../common/thenable.ts";
import type { AnyEventRecord } from "../core/events.ts";
import { HOOKS } from "../core/handler.ts";
import { BaseCallbackHandler } from "../handlers/base.ts";
import { NO_LIMITS } from "../values/limits.ts";
import { snapshot } from "../wire/codec.ts";
import { type ExternalRun, RunTrees, type Step } from "./run-tree.ts";
import { type GrowingRun, objectRecorder, type TracedRun } from "./traced-run.ts";

/** Runs all steps in order, even if some throw, then throws their errors. Awaits a step only if it returns a promise. */
async function runAll(steps: readonly (() => unknown)[]): Promise<void> {
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
 * Base class of tracers: builds the tree of runs below each root and passes it to `persistRun` once, when the root ends.
 * A run whose parent this tracer does not know, or whose parent's tree is over, is a root here. Memory holds unfinished
 * trees alone; tokens are counted, not kept.
 *
 * An event that contradicts earlier ones is left out of the trees and throws, so that dispatch reports it:
 * SIDECALL_RUN_UNKNOWN, SIDECALL_RUN_REUSED, SIDECALL_RUN_ENDED. A root that ends before runs below it is persisted, then
 * throws SIDECALL_RUN_LEFT_OPEN.
 *
 * Subclasses define `persistRun` and the hooks below, not methods such as `onLLMEnd`: an event with a method of its own
 * would not reach the trees.
 */
export abstract class BaseTracer extends BaseCallbackHandler {
  readonly #trees = new RunTrees<GrowingRun>(objectRecorder((value) => this.keepValue(value)));

  /** Stores a finished root with the runs below it. A promise is awaited. Runs left open have `endTime: null`. */
  protected abstract persistRun(run: TracedRun): unknown;

  /** Called when a run has begun; `isRoot`: it is a root here. A promise is awaited. */
  protected onRunStart?(run: TracedRun, isRoot: boolean): unknown;

  /** Called when a run has ended, before `persistRun`; `run.error` is not null if it failed. A promise is awaited. */
  protected onRunEnd?(run: TracedRun, isRoot: boolean): unknown;

  /**
   * Returns what a run keeps of an event's inputs, outputs, metadata, …: by default a copy, which later changes by the
   * application do not reach. Values come as they do off-thread: what cannot cross to another thread, or exceeds the limits
   * of an event, is a `StandIn`. Override it to keep less, or to copy nothing.
   */
  protected keepValue(value: unknown): unknown {
    // The limits have bounded the record that it is of.
    return snapshot(value, NO_LIMITS);
  }

  /** Roots that have not ended, with the runs below them so far. */
  protected get openRoots(): readonly TracedRun[] {
    return this.#trees.roots;
  }

  /**
   * Makes a run known that is traced elsewhere: its children get its trace id and continue its dotted order. The run is
   * forgotten when the last of them has ended, or when the returned function is called.
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
    await runAll(this.#trees.takeAll().map((root) => () => this.persistRun(root)));
  }

  #ended({ run, isRoot, misuse, failure }: Step<GrowingRun>): unknown {
    if (!isRoot && failure === undefined) return this.onRunEnd?.(run, isRoot);
    return runAll([
      () => this.onRunEnd?.(run, isRoot),
      () => (isRoot ? this.persistRun(run) : undefined),
      () => (failure === undefined ? undefined : Promise.reject(failure.error)),
      () => (misuse === undefined ? undefined : Promise.reject(misuse)),
    ]);
  }
}

// Not a member of the class: it would be part of the types that applications see.
Object.defineProperty(BaseTracer.prototype, HOOKS, { value: ["onRunStart", "onRunEnd"] });
