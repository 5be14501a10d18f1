import { check, type OptionTable } from "../common/options.ts";
import { anySignal } from "../common/signals.ts";
import { dispatch, dispatchAll, prewakeAll } from "../core/dispatch.ts";
import type { AnyEventRecord, ChatMessage, EventName, OwnFields, Serialized } from "../core/events.ts";
import { BaseCallbackManager } from "./base-manager.ts";
import { type ConfigureOptions, configured } from "./configure.ts";
import type { ManagerOptions } from "./manager-options.ts";
import { Run } from "./run.ts";
import { newRunId } from "./run-id.ts";
import {
  AsyncCallbackManagerForChainRun,
  AsyncCallbackManagerForLLMRun,
  AsyncCallbackManagerForRetrieverRun,
  AsyncCallbackManagerForToolRun,
  type Inheritance,
} from "./run-managers.ts";
import {
  CUSTOM_EVENT_OPTIONS,
  checkList,
  LLM_START_OPTIONS,
  type LLMStartOptions,
  runIdsOf,
  START_OPTIONS,
  type StartOptions,
  TOOL_START_OPTIONS,
  type ToolStartOptions,
} from "./start-options.ts";

/**
 * Starts runs and tells the handlers of them. Where the manager's or the run's signal is aborted already, a start rejects
 * with the signal's reason and nobody hears of it. A start with options that it does not know rejects with
 * SIDECALL_OPTION_INVALID.
 */
export class AsyncCallbackManager extends BaseCallbackManager {
  /**
   * A manager from what a caller and a component bring, and from what is around the call. In this order:
   *
   * 1. the run, tags and metadata that {@link withContext} put around the call;
   * 2. `inheritable`: handlers, or a manager with tags, metadata and parent. A manager whose parent is not among the runs
   *    around the call keeps it, and gets nothing of theirs;
   * 3. `local`: heard in this run alone; of a manager only its handlers count;
   * 4. tags and metadata: inheritable, then local;
   * 5. `verbose`: a {@link StdOutCallbackHandler}, local, unless there is one or `debug` is set;
   * 6. `debug`: a {@link ConsoleTracer}, inheritable, unless there is one;
   * 7. handlers that {@link withContext} put around the call, inheritable;
   * 8. handlers of {@link registerConfigureHook}.
   *
   * Every handler and tag comes once; of metadata's keys the last value counts. Throws SIDECALL_OPTION_INVALID.
   */
  static configure<M extends AsyncCallbackManager = AsyncCallbackManager>(
    this: new (
      options: ManagerOptions,
    ) => M,
    options: ConfigureOptions = {},
  ): M {
    return new this(configured(options));
  }

  /** Starts one run per prompt, all dispatched in parallel; gives one run manager per prompt, in prompt order. */
  async onLLMStart(
    serialized: Serialized | null,
    prompts: readonly string[],
    options?: LLMStartOptions,
  ): Promise<AsyncCallbackManagerForLLMRun[]> {
    checkList("prompts", prompts);
    const own = prompts.map((prompt) => ({ serialized, prompts: [prompt] }));
    return this.#startLLMRuns("on_llm_start", own, options);
  }

  /** Starts one run per conversation, all dispatched in parallel; gives one run manager each, in order. */
  async onChatModelStart(
    serialized: Serialized | null,
    conversations: readonly (readonly ChatMessage[])[],
    options?: LLMStartOptions,
  ): Promise<AsyncCallbackManagerForLLMRun[]> {
    checkList("conversations", conversations);
    const own = conversations.map((messages) => ({ serialized, messages: [messages] }));
    return this.#startLLMRuns("on_chat_model_start", own, options);
  }

  async onChainStart(
    serialized: Serialized | null,
    inputs: unknown,
    options?: StartOptions,
  ): Promise<AsyncCallbackManagerForChainRun> {
    const run = await this.#startRun("on_chain_start", { serialized, inputs }, options);
    return new AsyncCallbackManagerForChainRun(run, inheritanceOf(this));
  }

  async onToolStart(
    serialized: Serialized | null,
    input: string,
    options: ToolStartOptions = {},
  ): Promise<AsyncCallbackManagerForToolRun> {
    // What is no object is refused below.
    const { inputs, toolCallId } = options ?? {};
    const own = {
      serialized,
      input,
      ...(inputs === undefined ? {} : { inputs }),
      ...(toolCallId === undefined ? {} : { toolCallId }),
    };
    const run = await this.#startRun("on_tool_start", own, options, TOOL_START_OPTIONS);
    return new AsyncCallbackManagerForToolRun(run, inheritanceOf(this));
  }

  async onRetrieverStart(
    serialized: Serialized | null,
    query: string,
    options?: StartOptions,
  ): Promise<AsyncCallbackManagerForRetrieverRun> {
    const run = await this.#startRun("on_retriever_start", { serialized, query }, options);
    return new AsyncCallbackManagerForRetrieverRun(run, inheritanceOf(this));
  }

  /** Tells the handlers of something that happened outside a run, or in the run `options.runId`. */
  async onCustomEvent(
    eventName: string,
    data: unknown,
    options: Pick<StartOptions, "runId"> = {},
  ): Promise<void> {
    check("options", CUSTOM_EVENT_OPTIONS, options);
    const run = this.#newRun(options.runId, undefined, this.signal);
    await run.emit("on_custom_event", { eventName, data }, true);
  }

  #newRun(runId = newRunId(), name: string | undefined, signal: AbortSignal | undefined): Run {
    return new Run(this, { runId, name, signal });
  }

  /** The signal of a run that begins; throws its reason if it is aborted. */
  #openSignal(options: StartOptions): AbortSignal | undefined {
    const signal = options.signal === undefined ? this.signal : anySignal(this.signal, options.signal);
    signal?.throwIfAborted();
    return signal;
  }

  #startRecord<E extends EventName>(
    run: Run,
    event: E,
    own: OwnFields<E>,
    options?: StartOptions,
  ): AnyEventRecord {
    const extra = options?.extra;
    return run.record(event, extra === undefined ? own : { extra, ...own }, true);
  }

  async #startRun<E extends EventName>(
    event: E,
    own: OwnFields<E>,
    options: StartOptions = {},
    table: OptionTable = START_OPTIONS,
  ): Promise<Run> {
    prewakeAll(this.handlers, event, this.traceId);
    check("options", table, options);
    const run = this.#newRun(options.runId, options.name, this.#openSignal(options));
    if (run.handlers.length > 0) await dispatch(run.handlers, this.#startRecord(run, event, own, options));
    return run;
  }

  async #startLLMRuns<E extends "on_llm_start" | "on_chat_model_start">(
    event: E,
    owns: readonly OwnFields<E>[],
    options: LLMStartOptions = {},
  ): Promise<AsyncCallbackManagerForLLMRun[]> {
    prewakeAll(this.handlers, event, this.traceId);
    check("options", LLM_START_OPTIONS, options);
    const runIds = runIdsOf(options, owns.length);
    const signal = this.#openSignal(options);
    const runs = owns.map((_, i) => this.#newRun(runIds[i], options.name, signal));
    if (this.handlers.length > 0) {
      const records = runs.map((run, i) => this.#startRecord(run, event, owns[i] as OwnFields<E>, options));
      await dispatchAll(this.handlers, records);
    }
    const inheritance = inheritanceOf(this);
    return runs.map((run) => new AsyncCallbackManagerForLLMRun(run, inheritance));
  }
}

/** What children of a manager's runs get. */
export function inheritanceOf(manager: BaseCallbackManager): Inheritance {
  return {
    handlers: manager.inheritableHandlers,
    tags: manager.inheritableTags,
    metadata: manager.inheritableMetadata,
    makeChild: (options: ManagerOptions) => new AsyncCallbackManager(options),
  };
}
