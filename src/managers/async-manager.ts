import { check } from "../common/options.ts";
import type { MethodOf, RunKind } from "../core/events.ts";
import type { ChatMessage, ChatMessageInput, SerializedInput } from "../core/payloads.ts";
import { BaseCallbackManager } from "./base-manager.ts";
import { type ConfigureOptions, configured } from "./configure.ts";
import type { ManagerOptions } from "./manager-options.ts";
import { sendOrRefuse } from "./refused.ts";
import { Run } from "./run.ts";
import { newRunId } from "./run-id.ts";
import { type RunManagerOf, runManagerOf } from "./run-kinds.ts";
import type {
  AsyncCallbackManagerForChainRun,
  AsyncCallbackManagerForLLMRun,
  AsyncCallbackManagerForRetrieverRun,
  AsyncCallbackManagerForToolRun,
  ChildManager,
  ParentInheritance,
} from "./run-managers.ts";
import { checkConversations, checkPrompts, serializedOf } from "./start-arguments.ts";
import {
  CUSTOM_EVENT_OPTIONS,
  type LLMStartOptions,
  type StartOptions,
  TOOL_START_OPTIONS,
  type ToolStartOptions,
} from "./start-options.ts";
import { startRun, startRuns } from "./start-run.ts";

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
   * Within a handler, and in what it awaits, 1, 7 and 8 add nothing of the application: a handler's own model calls do not call
   * that handler again. A context that the handler itself makes does count.
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
  onLLMStart(
    serialized: SerializedInput | null,
    prompts: readonly string[],
    options?: LLMStartOptions,
  ): Promise<AsyncCallbackManagerForLLMRun[]> {
    return sendOrRefuse("AsyncCallbackManager.onLLMStart", "on_llm_start", () => {
      checkPrompts(prompts);
      const owns = prompts.map((prompt) => ({ serialized: serializedOf(serialized), prompts: [prompt] }));
      return startRuns(this, "on_llm_start", owns, managerOf("llm", this), options);
    });
  }

  /** Starts one run per conversation, all dispatched in parallel; gives one run manager each, in order. */
  onChatModelStart(
    serialized: SerializedInput | null,
    conversations: readonly (readonly ChatMessageInput[])[],
    options?: LLMStartOptions,
  ): Promise<AsyncCallbackManagerForLLMRun[]> {
    return sendOrRefuse("AsyncCallbackManager.onChatModelStart", "on_chat_model_start", () => {
      checkConversations(conversations);
      const owns = conversations.map((messages) => ({
        serialized: serializedOf(serialized),
        messages: [messages as readonly ChatMessage[]],
      }));
      return startRuns(this, "on_chat_model_start", owns, managerOf("llm", this), options);
    });
  }

  onChainStart(
    serialized: SerializedInput | null,
    inputs: unknown,
    options?: StartOptions,
  ): Promise<AsyncCallbackManagerForChainRun> {
    return sendOrRefuse("AsyncCallbackManager.onChainStart", "on_chain_start", () =>
      startRun(
        this,
        "on_chain_start",
        { serialized: serializedOf(serialized), inputs },
        managerOf("chain", this),
        options,
      ),
    );
  }

  onToolStart(
    serialized: SerializedInput | null,
    input: string,
    options: ToolStartOptions = {},
  ): Promise<AsyncCallbackManagerForToolRun> {
    return sendOrRefuse("AsyncCallbackManager.onToolStart", "on_tool_start", () => {
      // startRun refuses options that are no object.
      const { inputs, toolCallId } = options ?? {};
      const own = {
        serialized: serializedOf(serialized),
        input,
        ...(inputs === undefined ? {} : { inputs }),
        ...(toolCallId === undefined ? {} : { toolCallId }),
      };
      return startRun(this, "on_tool_start", own, managerOf("tool", this), options, TOOL_START_OPTIONS);
    });
  }

  onRetrieverStart(
    serialized: SerializedInput | null,
    query: string,
    options?: StartOptions,
  ): Promise<AsyncCallbackManagerForRetrieverRun> {
    return sendOrRefuse("AsyncCallbackManager.onRetrieverStart", "on_retriever_start", () =>
      startRun(
        this,
        "on_retriever_start",
        { serialized: serializedOf(serialized), query },
        managerOf("retriever", this),
        options,
      ),
    );
  }

  /** Dispatches a custom event of the run `options.runId`, by default outside of any run. */
  onCustomEvent(eventName: string, data: unknown, options: Pick<StartOptions, "runId"> = {}): Promise<void> {
    return sendOrRefuse("AsyncCallbackManager.onCustomEvent", "on_custom_event", () => {
      check("options", CUSTOM_EVENT_OPTIONS, options);
      const { runId = newRunId() } = options;
      const run = new Run(this, { runId, name: undefined, signal: this.signal });
      return run.emit("on_custom_event", { eventName, data });
    });
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

function managerOf<K extends RunKind>(kind: K, manager: BaseCallbackManager): (run: Run) => RunManagerOf<K> {
  const inheritance = inheritanceOf(manager);
  return (run) => runManagerOf(kind, run, inheritance);
}

/** Starts a chat model's run. One that a handler with `raiseError` refuses goes on, since the other handlers have its start. */
export async function startRegardless(
  manager: BaseCallbackManager,
  serialized: SerializedInput | null,
  messages: readonly ChatMessage[],
  options: LLMStartOptions,
): Promise<AsyncCallbackManagerForLLMRun> {
  const owns = [{ serialized: serializedOf(serialized), messages: [messages] }];
  const goOn = async () => undefined;
  const [run] = await startRuns(
    manager,
    "on_chat_model_start",
    owns,
    managerOf("llm", manager),
    options,
    goOn,
  );
  return run as AsyncCallbackManagerForLLMRun;
}
