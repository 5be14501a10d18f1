import { type OptionsOf, optional, resolve, unchecked } from "../common/options.ts";
import { RESOLVED } from "../common/thenable.ts";
import { AsyncCallbackManager } from "./async-manager.ts";
import { runOf } from "./base-run-manager.ts";
import { checkBody } from "./context.ts";
import type { ManagerOptions } from "./manager-options.ts";
import { BODY_OPTIONS, configureOptions, type RunCall, runBody, unlessUnawaited } from "./run-body.ts";
import type { AsyncCallbackManagerForChainRun } from "./run-managers.ts";

const GROUP_OPTIONS = {
  ...BODY_OPTIONS,
  /** @default {} */
  inputs: optional<unknown>(unchecked),
};
export type ChainGroupOptions = OptionsOf<typeof GROUP_OPTIONS>;

/** A manager whose runs hang under one chain run, the group's. A group and its copies end once. */
export class AsyncCallbackManagerForChainGroup extends AsyncCallbackManager {
  /** The group's own run. */
  readonly run: AsyncCallbackManagerForChainRun;

  constructor(options: ManagerOptions, run: AsyncCallbackManagerForChainRun) {
    super(options);
    this.run = run;
  }

  /** Whether the group's run has ended, through this manager, a copy, or the run itself. */
  get hasEnded(): boolean {
    return this.run.hasEnded;
  }

  /** Ends the group's run; does nothing if it has ended. */
  onChainEnd(outputs: unknown): Promise<void> {
    return this.hasEnded ? RESOLVED : this.run.onChainEnd(outputs);
  }

  /** Ends the group's run with an error; does nothing if it has ended. */
  onChainError(error: unknown): Promise<void> {
    return this.hasEnded ? RESOLVED : this.run.onChainError(error);
  }

  /** Ends the group's run, with the reason of its signal as error if that is aborted. */
  [Symbol.asyncDispose](): Promise<void> {
    const { signal } = this.run;
    return signal?.aborted ? runOf(this.run).fail(signal.reason) : this.onChainEnd({});
  }

  protected override derive(options: ManagerOptions): this {
    return new AsyncCallbackManagerForChainGroup(options, this.run) as this;
  }
}

async function begin(
  name: string,
  options: ChainGroupOptions,
  call: RunCall,
): Promise<AsyncCallbackManagerForChainGroup> {
  const { inputs = {}, ...rest } = resolve("options", GROUP_OPTIONS, options);
  const { runId } = rest;
  const manager = AsyncCallbackManager.configure(configureOptions(rest));
  call.configured(manager);
  const start = runId === undefined ? { name } : { name, runId };
  const run = await manager.onChainStart({ name }, inputs, start);
  call.begun(run);
  return new AsyncCallbackManagerForChainGroup(run.childOptions(), run);
}

/**
 * Starts a chain run named `name`; returns a manager for the runs below it. The caller ends the group, by `onChainEnd`,
 * `onChainError` or `await using`. An error of the group, and an abort of its signal, which ends it, end the runs below it
 * that are open first. Rejects as `AsyncCallbackManager.configure` throws.
 */
export function startChainGroup(
  name: string,
  options: ChainGroupOptions = {},
): Promise<AsyncCallbackManagerForChainGroup> {
  return unlessUnawaited("startChainGroup", "on_chain_start", (call) => begin(name, options, call));
}

async function traced<T>(
  name: string,
  options: ChainGroupOptions,
  body: (group: AsyncCallbackManagerForChainGroup) => T | PromiseLike<T>,
  call: RunCall,
): Promise<T> {
  checkBody(body);
  const group = await begin(name, options, call);
  return runBody(
    group.run,
    () => body(group),
    (value) => group.onChainEnd(value === undefined ? {} : value),
  );
}

/**
 * Runs `body` as a chain run named `name`; resolves to the result of `body`. `body` gets a manager for the runs below;
 * managers that it configures itself hang under the group too. The group's run gets exactly one end or error: an end with
 * the result as outputs (`{}` for undefined) unless `body` has ended it itself, or an error when `body` throws or the signal
 * is aborted, even while `body` goes on. Before the error, each run below that is still open gets the same error, the deepest
 * first; what `body` sends of them later reaches no handler. Rejects with that error.
 *
 * If `body` returns a generator, or a promise of one, so does the group: it is open, and the context of its run lasts, until
 * the generator is done, left or throws, or the signal is aborted. Its return value is the group's output. A generator that
 * is not read to its end, nor left, leaves the group open.
 */
export function traceAsChainGroup<T>(
  name: string,
  options: ChainGroupOptions,
  body: (group: AsyncCallbackManagerForChainGroup) => T | PromiseLike<T>,
): Promise<T> {
  return unlessUnawaited("traceAsChainGroup", "on_chain_error", (call) => traced(name, options, body, call));
}
