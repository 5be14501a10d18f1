import { checkKeys, invalidOption } from "../common/validate.ts";
import { BaseTracer } from "./base-tracer.ts";
import type { TracedRun } from "./traced-run.ts";

/** Called with a root run and the runs below it so far. A promise is awaited. */
export type RootListener = (run: TracedRun) => unknown;

export interface RootListeners {
  readonly onStart?: RootListener | undefined;
  /** Called when a root has ended without an error. */
  readonly onEnd?: RootListener | undefined;
  readonly onError?: RootListener | undefined;
}

/**
 * Calls functions when root runs begin and end. As for every {@link BaseTracer}, a run whose parent does not have this
 * handler is a root too. Throws SIDECALL_OPTION_INVALID.
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
    // An open run comes from closing, which is no end.
    if (run.endTime === null) return undefined;
    return run.error === null ? this.#listeners.onEnd?.(run) : this.#listeners.onError?.(run);
  }
}
