import type { RunIdentity } from "../core/events.ts";

interface OpenTrace<State> {
  readonly openRuns: Set<string>;
  readonly state: State;
}

/**
 * A handler's state per open trace. A trace is open from its first run that reaches the handler until its root ends, or,
 * for a handler that the root's events do not reach, until none of its runs is open.
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

  /** Adds a run to its trace, and returns the trace's state. */
  begin({ runId, traceId }: RunIdentity): State {
    const trace = this.#traces.get(traceId) ?? { openRuns: new Set(), state: this.#makeState() };
    this.#traces.set(traceId, trace);
    trace.openRuns.add(runId);
    return trace.state;
  }

  get({ traceId }: RunIdentity): State | undefined {
    return this.#traces.get(traceId)?.state;
  }

  /** Removes a run that has ended. Returns the trace's state if this ends the trace. */
  end({ runId, parentRunId, traceId }: RunIdentity): State | undefined {
    const trace = this.#traces.get(traceId);
    if (trace === undefined) return undefined;
    trace.openRuns.delete(runId);
    if (parentRunId !== undefined && trace.openRuns.size > 0) return undefined;
    this.#traces.delete(traceId);
    return trace.state;
  }
}
