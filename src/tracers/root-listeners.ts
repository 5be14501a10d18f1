import { type OptionsOf, optional, type ResolvedOf, resolve } from "../common/options.ts";
import { invalidOption } from "../common/validate.ts";
import { BaseTracer } from "./base-tracer.ts";
import type { TracedRun } from "./traced-run.ts";

/** Called with a root run and the runs below it so far. A promise is awaited. */
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
 * Calls functions when root runs begin and end. As for every {@link BaseTracer}, a run whose parent does not have this
 * handler is a root too. Throws SIDECALL_OPTION_INVALID.
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
    // An open run comes from closing, which is no end.
    if (run.endTime === null) return undefined;
    return run.error === null ? this.#listeners.onEnd?.(run) : this.#listeners.onError?.(run);
  }
}
