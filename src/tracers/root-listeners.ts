import { type OptionsOf, optional, type ResolvedOf, resolve } from "../common/options.ts";
import { invalidOption } from "../common/validate.ts";
import { BaseTracer } from "./base-tracer.ts";
import type { TracedRun } from "./traced-run.ts";

/** Takes a root run, with what is below it so far. A promise is awaited. */
export type RootListener = (run: TracedRun) => unknown;

function checkListener(name: string, value: unknown): RootListener {
  if (typeof value === "function") return value as RootListener;
  throw invalidOption(`listeners.${name}`, "a function", value);
}

const LISTENERS = {
  onStart: optional(checkListener),
  /** The root has ended without an error. */
  onEnd: optional(checkListener),
  onError: optional(checkListener),
};
export type RootListeners = OptionsOf<typeof LISTENERS>;

/**
 * Calls functions when root runs begin and end: what {@link BaseTracer} takes for roots, as a run is to a handler that was
 * given to it alone. Throws SIDECALL_OPTION_INVALID.
 */
export class RootListenersTracer extends BaseTracer {
  readonly #listeners: ResolvedOf<typeof LISTENERS>;

  constructor(listeners: RootListeners) {
    super();
    this.#listeners = resolve("listeners", LISTENERS, listeners);
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
