import { checkKeys, invalidOption } from "../common/validate.ts";
import { BaseTracer } from "./base-tracer.ts";
import type { TracedRun } from "./traced-run.ts";

/** Takes a root run, with what is below it so far. A promise is awaited. */
export type RootListener = (run: TracedRun) => unknown;

export interface RootListeners {
  readonly onStart?: RootListener | undefined;
  /** The root has ended without an error. */
  readonly onEnd?: RootListener | undefined;
  readonly onError?: RootListener | undefined;
}

/**
 * Calls functions when root runs begin and end: what {@link BaseTracer} takes for roots, as a run is to a handler that was
 * given to it alone. Throws SIDECALL_OPTION_INVALID.
 */
export class RootListenersTracer extends BaseTracer {
  readonly #listeners: RootListeners;

  constructor(listeners: RootListeners) {
    super();
    const keys = ["onStart", "onEnd", "onError"] as const satisfies (keyof RootListeners)[];
    checkKeys("listeners", listeners, keys);
    for (const key of keys) {
      const listener: unknown = listeners[key];
      if (listener !== undefined && typeof listener !== "function")
        throw invalidOption(`listeners.${key}`, "a function", listener);
    }
    this.#listeners = { ...listeners };
  }

  protected override onRunStart(run: TracedRun, isRoot: boolean): unknown {
    return isRoot ? this.#listeners.onStart?.(run) : undefined;
  }

  protected override persistRun(run: TracedRun): unknown {
    // Closing gives out what has not ended; nobody listens for that.
    if (run.endTime === null) return undefined;
    return run.error === null ? this.#listeners.onEnd?.(run) : this.#listeners.onError?.(run);
  }
}
