import { BaseTracer } from "./base-tracer.ts";
import type { TracedRun } from "./traced-run.ts";

/** Collects every finished root, with what is below it, for as long as the collector lives. */
export class RunCollector extends BaseTracer {
  readonly tracedRuns: TracedRun[] = [];

  protected override persistRun(run: TracedRun): void {
    this.tracedRuns.push(run);
  }
}
