import { BaseTracer } from "./base-tracer.ts";
import type { TracedRun } from "./traced-run.ts";

function findIn(roots: readonly TracedRun[], name: string): TracedRun | undefined {
  for (const run of roots) {
    const found = run.name === name ? run : findIn(run.children, name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/**
 * Keeps finished trees, for tests and for `withRunCollector`, until they are taken or cleared. Trees hold copies of values,
 * which later changes by the application do not reach.
 *
 * Off-thread (`inMemoryTracerModule`) use `remote.takeRuns()` and `remote.find(name)`.
 */
export class InMemoryTracer extends BaseTracer {
  #runs: TracedRun[] = [];

  /** Finished roots, in the order in which they ended. */
  get runs(): readonly TracedRun[] {
    return this.#runs;
  }

  /** Roots that have not ended. They change as their runs go on. */
  get openRuns(): readonly TracedRun[] {
    return this.openRoots;
  }

  /** Returns the finished roots and forgets them. */
  takeRuns(): TracedRun[] {
    const runs = this.#runs;
    this.#runs = [];
    return runs;
  }

  /** The first run with this name: finished trees come before open ones, parents before children. */
  find(name: string): TracedRun | undefined {
    return findIn([...this.#runs, ...this.openRoots], name);
  }

  /** Forgets the finished roots. */
  clear(): void {
    this.#runs = [];
  }

  protected override persistRun(run: TracedRun): void {
    this.#runs.push(run);
  }
}

/** @alias The export that a handler spec takes by default. */
export default InMemoryTracer;
