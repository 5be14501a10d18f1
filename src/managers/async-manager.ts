import { dispatch, dispatchAll } from "../dispatch.ts";
import type { AnyEventRecord, ChatMessage, EventName, OwnFields, Serialized } from "../events.ts";
import type { CallbackHandler } from "../handler.ts";
import { BaseCallbackManager, type ManagerOptions } from "./base-manager.ts";
import { Run } from "./run.ts";
import { newRunId } from "./run-id.ts";
import {
  AsyncCallbackManagerForChainRun,
  AsyncCallbackManagerForLLMRun,
  AsyncCallbackManagerForRetrieverRun,
  AsyncCallbackManagerForToolRun,
  type Inheritance,
} from "./run-managers.ts";

export interface StartOptions {
  /** Id of the run; with several prompts, of the first one's. @default a new UUIDv7 */
  readonly runId?: string;
  /** @default `serialized.name`, else the last part of `serialized.id` is what tracers show */
  readonly name?: string;
  /** Whatever handlers should know of the run besides, such as `{ invocationParams }`. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

export interface ToolStartOptions extends StartOptions {
  /** The tool's input as an object, beside its text. */
  readonly inputs?: unknown;
  readonly toolCallId?: string;
}

/** Handlers, or a manager that brings its handlers with tags, metadata and parent. */
export type Callbacks = readonly CallbackHandler[] | BaseCallbackManager;

export interface ConfigureOptions {
  /** Heard in this run and below. */
  readonly inheritable?: Callbacks | undefined;
  /** Heard in this run alone; of a manager only its handlers count. */
  readonly local?: Callbacks | undefined;
  readonly inheritableTags?: readonly string[];
  readonly localTags?: readonly string[];
  readonly inheritableMetadata?: Readonly<Record<string, unknown>>;
  readonly localMetadata?: Readonly<Record<string, unknown>>;
}

/** Starts runs and tells the handlers of them. */
export class AsyncCallbackManager extends BaseCallbackManager {
  /** A manager from what a caller and a component bring: inheritable things first, then local ones. */
  static configure(options: ConfigureOptions = {}): AsyncCallbackManager {
    const { inheritable = [], local = [] } = options;
    const manager =
      inheritable instanceof BaseCallbackManager
        ? new AsyncCallbackManager(inheritable)
        : new AsyncCallbackManager({ handlers: inheritable, inheritableHandlers: inheritable });
    const localHandlers = local instanceof BaseCallbackManager ? local.handlers : local;
    for (const handler of localHandlers) manager.addHandler(handler, false);
    manager.addTags(options.inheritableTags ?? []);
    manager.addTags(options.localTags ?? [], false);
    manager.addMetadata(options.inheritableMetadata ?? {});
    manager.addMetadata(options.localMetadata ?? {}, false);
    return manager;
  }

  /** Starts one run per prompt, all dispatched in parallel; gives one run manager per prompt, in prompt order. */
  onLLMStart(
    serialized: Serialized | null,
    prompts: readonly string[],
    options?: StartOptions,
  ): Promise<AsyncCallbackManagerForLLMRun[]> {
    const own = prompts.map((prompt) => ({ serialized, prompts: [prompt] }));
    return this.#startLLMRuns("on_llm_start", own, options);
  }

  /** Starts one run per conversation, all dispatched in parallel; gives one run manager each, in order. */
  onChatModelStart(
    serialized: Serialized | null,
    conversations: readonly (readonly ChatMessage[])[],
    options?: StartOptions,
  ): Promise<AsyncCallbackManagerForLLMRun[]> {
    const own = conversations.map((messages) => ({ serialized, messages: [messages] }));
    return this.#startLLMRuns("on_chat_model_start", own, options);
  }

  async onChainStart(
    serialized: Serialized | null,
    inputs: unknown,
    options?: StartOptions,
  ): Promise<AsyncCallbackManagerForChainRun> {
    const run = await this.#startRun("on_chain_start", { serialized, inputs }, options);
    return new AsyncCallbackManagerForChainRun(run, this.#inheritance());
  }

  async onToolStart(
    serialized: Serialized | null,
    input: string,
    options: ToolStartOptions = {},
  ): Promise<AsyncCallbackManagerForToolRun> {
    const { inputs, toolCallId } = options;
    const own = {
      serialized,
      input,
      ...(inputs === undefined ? {} : { inputs }),
      ...(toolCallId === undefined ? {} : { toolCallId }),
    };
    const run = await this.#startRun("on_tool_start", own, options);
    return new AsyncCallbackManagerForToolRun(run, this.#inheritance());
  }

  async onRetrieverStart(
    serialized: Serialized | null,
    query: string,
    options?: StartOptions,
  ): Promise<AsyncCallbackManagerForRetrieverRun> {
    const run = await this.#startRun("on_retriever_start", { serialized, query }, options);
    return new AsyncCallbackManagerForRetrieverRun(run, this.#inheritance());
  }

  /** Tells the handlers of something that happened outside a run, or in the run `options.runId`. */
  async onCustomEvent(
    eventName: string,
    data: unknown,
    options?: Pick<StartOptions, "runId">,
  ): Promise<void> {
    await this.#newRun(options).emit("on_custom_event", { eventName, data }, true);
  }

  #newRun(options: StartOptions = {}): Run {
    const runId = options.runId ?? newRunId();
    const { parentRunId, traceId = runId, tags, metadata, handlers } = this;
    return new Run({ runId, parentRunId, traceId, tags }, { metadata, name: options.name }, handlers);
  }

  #startRecord<E extends EventName>(
    run: Run,
    event: E,
    own: OwnFields<E>,
    options?: StartOptions,
  ): AnyEventRecord {
    const extra = options?.extra;
    return run.record(event, extra === undefined ? own : { ...own, extra }, true);
  }

  async #startRun<E extends EventName>(event: E, own: OwnFields<E>, options?: StartOptions): Promise<Run> {
    const run = this.#newRun(options);
    if (run.handlers.length > 0) await dispatch(run.handlers, this.#startRecord(run, event, own, options));
    return run;
  }

  async #startLLMRuns<E extends "on_llm_start" | "on_chat_model_start">(
    event: E,
    owns: readonly OwnFields<E>[],
    options: StartOptions = {},
  ): Promise<AsyncCallbackManagerForLLMRun[]> {
    const { runId, ...rest } = options;
    const runs = owns.map((_, i) => this.#newRun(i === 0 ? options : rest));
    if (this.handlers.length > 0) {
      const records = runs.map((run, i) => this.#startRecord(run, event, owns[i] as OwnFields<E>, options));
      await dispatchAll(this.handlers, records);
    }
    return runs.map((run) => new AsyncCallbackManagerForLLMRun(run));
  }

  #inheritance(): Inheritance {
    return {
      handlers: this.inheritableHandlers,
      tags: this.inheritableTags,
      metadata: this.inheritableMetadata,
      makeChild: (options: ManagerOptions) => new AsyncCallbackManager(options),
    };
  }
}
