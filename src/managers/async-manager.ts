import { check } from "../common/options.ts";
import type { MethodOf } from "../core/events.ts";
import type { ChatMessage, Serialized } from "../core/payloads.ts";
import { BaseCallbackManager } from "./base-manager.ts";
import { type ConfigureOptions, configured } from "./configure.ts";
import type { ManagerOptions } from "./manager-options.ts";
import { Run } from "./run.ts";
import { newRunId } from "./run-id.ts";
import { runManagerOf } from "./run-kinds.ts";
import type {
  AsyncCallbackManagerForChainRun,
  AsyncCallbackManagerForLLMRun,
  AsyncCallbackManagerForRetrieverRun,
  AsyncCallbackManagerForToolRun,
  ChildManager,
  ParentInheritance,
} from "./run-managers.ts";
import {
  CUSTOM_EVENT_OPTIONS,
  checkList,
  type LLMStartOptions,
  type StartOptions,
  TOOL_START_OPTIONS,
  type ToolStartOptions,
} from "./start-options.ts";
import { beginRuns, startRun, startRuns } from "./start-run.ts";

/** The methods that the event table asks of the manager: one for each start. */
type StartMethods = Record<MethodOf<{ phase: "start" }>, (...args: never[]) => Promise<unknown>>;

/**
 * Starts runs: dispatches the start to the handlers and gives the run's manager. A start rejects with
 * SIDECALL_OPTION_INVALID for unknown options; and with the reason of the manager's or the run's signal if that is
 * aborted, then without dispatching anything.
 *
 * It has no private members: `ChildManager`, which names its methods, could not be assigned to it otherwise.
 */
export class AsyncCallbackManager extends BaseCallbackManager implements ChildManager, StartMethods {
  /**
   * Makes a manager from the callbacks of a caller and of a component, and from the ambient context. In this order:
   *
   * 1. the run, tags and metadata of the enclosing {@link withContext};
   * 2. `inheritable`: handlers, or a manager with tags, metadata and parent. A manager whose parent is not among the
   *    enclosing runs keeps it, and gets nothing of theirs;
   * 3. `local`: handlers of this manager's own runs; of a manager only its handlers count;
   * 4. tags and metadata: inheritable, then local;
   * 5. `verbose`: a {@link StdOutCallbackHandler}, local, unless there is one or `debug` is set;
   * 6. `debug`: a {@link ConsoleTracer}, inheritable, unless there is one;
   * 7. handlers of the enclosing {@link withContext}, inheritable;
   * 8. handlers of {@link registerConfigureHook}.
   *
   * Every handler and tag comes once; the last value of a metadata key counts. Throws SIDECALL_OPTION_INVALID.
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
    const owns = prompts.map((prompt) => ({ serialized, prompts: [prompt] }));
    return llmManagers(this, await startRuns(this, "on_llm_start", owns, options));
  }

  /** Starts one run per conversation, all dispatched in parallel; gives one run manager each, in order. */
  async onChatModelStart(
    serialized: Serialized | null,
    conversations: readonly (readonly ChatMessage[])[],
    options?: LLMStartOptions,
  ): Promise<AsyncCallbackManagerForLLMRun[]> {
    checkList("conversations", conversations);
    const owns = conversations.map((messages) => ({ serialized, messages: [messages] }));
    return llmManagers(this, await startRuns(this, "on_chat_model_start", owns, options));
  }

  async onChainStart(
    serialized: Serialized | null,
    inputs: unknown,
    options?: StartOptions,
  ): Promise<AsyncCallbackManagerForChainRun> {
    const run = await startRun(this, "on_chain_start", { serialized, inputs }, options);
    return runManagerOf("chain", run, inheritanceOf(this));
  }

  async onToolStart(
    serialized: Serialized | null,
    input: string,
    options: ToolStartOptions = {},
  ): Promise<AsyncCallbackManagerForToolRun> {
    // startRun refuses options that are no object.
    const { inputs, toolCallId } = options ?? {};
    const own = {
      serialized,
      input,
      ...(inputs === undefined ? {} : { inputs }),
      ...(toolCallId === undefined ? {} : { toolCallId }),
    };
    const run = await startRun(this, "on_tool_start", own, options, TOOL_START_OPTIONS);
    return runManagerOf("tool", run, inheritanceOf(this));
  }

  async onRetrieverStart(
    serialized: Serialized | null,
    query: string,
    options?: StartOptions,
  ): Promise<AsyncCallbackManagerForRetrieverRun> {
    const run = await startRun(this, "on_retriever_start", { serialized, query }, options);
    return runManagerOf("retriever", run, inheritanceOf(this));
  }

  /** Dispatches a custom event of the run `options.runId`, by default outside of any run. */
  async onCustomEvent(
    eventName: string,
    data: unknown,
    options: Pick<StartOptions, "runId"> = {},
  ): Promise<void> {
    check("options", CUSTOM_EVENT_OPTIONS, options);
    const { runId = newRunId() } = options;
    const run = new Run(this, { runId, name: undefined, signal: this.signal });
    await run.emit("on_custom_event", { eventName, data });
  }
}

/** All that the children of a manager's runs inherit. */
export function inheritanceOf(manager: BaseCallbackManager): ParentInheritance {
  return {
    handlers: manager.inheritableHandlers,
    tags: manager.inheritableTags,
    metadata: manager.inheritableMetadata,
    makeChild: (options) => new AsyncCallbackManager(options),
  };
}

function llmManagers(manager: BaseCallbackManager, runs: readonly Run[]): AsyncCallbackManagerForLLMRun[] {
  const inheritance = inheritanceOf(manager);
  return runs.map((run) => runManagerOf("llm", run, inheritance));
}

/** Starts a chat model's run; one that a handler with `raiseError` refuses goes on, as its other handlers know it. */
export async function startRegardless(
  manager: BaseCallbackManager,
  serialized: Serialized | null,
  messages: readonly ChatMessage[],
  options: LLMStartOptions,
): Promise<AsyncCallbackManagerForLLMRun> {
  const { runs, started } = beginRuns(
    manager,
    "on_chat_model_start",
    [{ serialized, messages: [messages] }],
    options,
  );
  await started.catch(() => undefined);
  return runManagerOf("llm", runs[0] as Run, inheritanceOf(manager));
}
