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
 * Keeps finished trees, for tests of code that makes runs. They hold copies: what the application changes afterwards does
 * not change them. It keeps every tree until it is taken or cleared.
 *
 * Off-thread (`inMemoryTracerModule`) ask it by `remote.takeRuns()` and `remote.find(name)`.
 */
export class InMemoryTracer extends BaseTracer {
  #runs: TracedRun[] = [];

  /** Finished roots, in the order of their ends. */
  get runs(): readonly TracedRun[] {
    return this.#runs;
  }

  /** Roots that have not ended; they grow. */
  get openRuns(): readonly TracedRun[] {
    return this.openRoots;
  }

  /** Hands out the finished roots; they are not kept any longer. */
  takeRuns(): TracedRun[] {
    const runs = this.#runs;
    this.#runs = [];
    return runs;
  }

  /** The first run of a name, finished trees before open ones, parents before children. */
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
