import type { RunIdentity } from "../core/events.ts";

interface OpenTrace<State> {
  readonly openRuns: Set<string>;
  readonly state: State;
}

/**
 * What a handler notes of each trace while it lasts: from the first run that it hears of until the root has ended, or,
 * for a handler that does not hear of the root, until no run is open.
 */
export class OpenTraces<State> {
  readonly #traces = new Map<string, OpenTrace<State>>();
  readonly #makeState: () => State;

  constructor(makeState: () => State) {
    this.#makeState = makeState;
  }

  get size(): number {
    return this.#traces.size;
  }

  /** A run of the trace begins. */
  begin({ runId, traceId }: RunIdentity): State {
    const trace = this.#traces.get(traceId) ?? { openRuns: new Set(), state: this.#makeState() };
    this.#traces.set(traceId, trace);
    trace.openRuns.add(runId);
    return trace.state;
  }

  get({ traceId }: RunIdentity): State | undefined {
    return this.#traces.get(traceId)?.state;
  }

  /** A run of the trace has ended. Returns the trace's state if that was the end of the trace. */
  end({ runId, parentRunId, traceId }: RunIdentity): State | undefined {
    const trace = this.#traces.get(traceId);
    if (trace === undefined) return undefined;
    trace.openRuns.delete(runId);
    if (parentRunId !== undefined && trace.openRuns.size > 0) return undefined;
    this.#traces.delete(traceId);
    return trace.state;
  }
}
