import { type OptionsOf, optional, resolve, unchecked } from "../common/options.ts";
import { untilAborted } from "../common/signals.ts";
import { AsyncCallbackManager } from "./async-manager.ts";
import { checkCallbacks } from "./callbacks.ts";
import { checkBody, withContext } from "./context.ts";
import type { ManagerOptions } from "./manager-options.ts";
import type { AsyncCallbackManagerForChainRun } from "./run-managers.ts";

const GROUP_OPTIONS = {
  /** Beside those of the ambient context, which join in any case. @default none */
  callbacks: optional(checkCallbacks),
  /** @default {} */
  inputs: optional<unknown>(unchecked),
  /** @default a new UUIDv7 */
  runId: optional<string>(unchecked),
  /** Tags of the group's run and all runs below. @default [] */
  tags: optional<readonly string[]>(unchecked),
  /** Metadata of the group's run and all runs below. @default {} */
  metadata: optional<object>(unchecked),
  /** Cancels the group: its run ends with the reason, and the runs below it are cancelled. @default none */
  signal: optional<AbortSignal>(unchecked),
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
  async onChainEnd(outputs: unknown): Promise<void> {
    if (!this.hasEnded) await this.run.onChainEnd(outputs);
  }

  /** Ends the group's run with an error; does nothing if it has ended. */
  async onChainError(error: unknown): Promise<void> {
    if (!this.hasEnded) await this.run.onChainError(error);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.onChainEnd({});
  }

  protected override derive(options: ManagerOptions): this {
    return new AsyncCallbackManagerForChainGroup(options, this.run) as this;
  }
}

/**
 * Starts a chain run named `name`; returns a manager for the runs below it. The caller ends the group, by `onChainEnd`,
 * `onChainError` or `await using`. Rejects as `AsyncCallbackManager.configure` throws.
 */
export async function startChainGroup(
  name: string,
  options: ChainGroupOptions = {},
): Promise<AsyncCallbackManagerForChainGroup> {
  const {
    callbacks,
    inputs = {},
    runId,
    tags,
    metadata,
    signal,
  } = resolve("options", GROUP_OPTIONS, options);
  const manager = AsyncCallbackManager.configure({
    inheritable: callbacks,
    inheritableTags: tags,
    inheritableMetadata: metadata,
    signal,
  });
  const start = runId === undefined ? { name } : { name, runId };
  const run = await manager.onChainStart({ name }, inputs, start);
  return new AsyncCallbackManagerForChainGroup(run.childOptions(), run);
}

/**
 * Runs `body` as a chain run named `name`; resolves to the result of `body`. `body` gets a manager for the runs below;
 * managers that it configures itself hang under the group too. The group's run gets exactly one end or error: an end with
 * `{}` unless `body` has ended it itself, or an error when `body` throws or the signal is aborted, even while `body` goes
 * on. Rejects with that error.
 */
export async function traceAsChainGroup<T>(
  name: string,
  options: ChainGroupOptions,
  body: (group: AsyncCallbackManagerForChainGroup) => T | PromiseLike<T>,
): Promise<T> {
  checkBody(body);
  const group = await startChainGroup(name, options);
  try {
    const work = withContext({ run: group.run }, async () => body(group));
    const result = await untilAborted(group.signal, work);
    await group.onChainEnd({});
    return result;
  } catch (error) {
    // The caller gets the error of `body`; a handler that fails at the error event has been reported.
    await group.onChainError(error).catch(() => undefined);
    throw error;
  }
}
