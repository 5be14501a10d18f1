import type {
  ChatMessageInput,
  LLMResult,
  LLMResultInput,
  SerializedInput,
  TokenContent,
  TokenIndex,
} from "../core/payloads.ts";
import type { BaseCallbackManager } from "./base-manager.ts";
import { AsyncRunManager, type Inheritance, type RunMethods } from "./base-run-manager.ts";
import type { ManagerOptions } from "./manager-options.ts";
import type { Run } from "./run.ts";
import { checkDocuments, checkResponse } from "./run-misuse.ts";
import type { LLMStartOptions, StartOptions, ToolStartOptions } from "./start-options.ts";

/**
 * A manager of a run's children: an `AsyncCallbackManager`, as an interface so that run managers and the manager do not
 * import each other.
 */
export interface ChildManager extends BaseCallbackManager {
  onLLMStart(
    serialized: SerializedInput | null,
    prompts: readonly string[],
    options?: LLMStartOptions,
  ): Promise<AsyncCallbackManagerForLLMRun[]>;
  onChatModelStart(
    serialized: SerializedInput | null,
    conversations: readonly (readonly ChatMessageInput[])[],
    options?: LLMStartOptions,
  ): Promise<AsyncCallbackManagerForLLMRun[]>;
  onChainStart(
    serialized: SerializedInput | null,
    inputs: unknown,
    options?: StartOptions,
  ): Promise<AsyncCallbackManagerForChainRun>;
  onToolStart(
    serialized: SerializedInput | null,
    input: string,
    options?: ToolStartOptions,
  ): Promise<AsyncCallbackManagerForToolRun>;
  onRetrieverStart(
    serialized: SerializedInput | null,
    query: string,
    options?: StartOptions,
  ): Promise<AsyncCallbackManagerForRetrieverRun>;
  onCustomEvent(eventName: string, data: unknown, options?: Pick<StartOptions, "runId">): Promise<void>;
}

/** All that a run's children inherit, with the factory of their manager. */
export interface ParentInheritance extends Inheritance {
  readonly makeChild: (options: ManagerOptions) => ChildManager;
}

/** A run that may have children: chain, tool and retriever runs. */
export class AsyncParentRunManager extends AsyncRunManager {
  readonly #makeChild: ParentInheritance["makeChild"];

  constructor(run: Run, inheritance: ParentInheritance) {
    super(run, inheritance);
    this.#makeChild = inheritance.makeChild;
  }

  /**
   * An `AsyncCallbackManager` whose runs hang under this one, with this run's inheritable handlers, tags and metadata.
   * `tag` goes to the runs that it starts, not to those below them.
   */
  getChild(tag?: string): ChildManager {
    const child = this.#makeChild(this.childOptions());
    if (tag !== undefined) child.addTags([tag], false);
    return child;
  }
}

export class AsyncCallbackManagerForLLMRun extends AsyncRunManager implements RunMethods<"llm"> {
  /**
   * Handlers get the token as text: of a list of content blocks their texts, of null "".
   * `index`: the prompt and completion that the token belongs to, by default the first; `chunk`: the provider's own.
   */
  onLLMNewToken(
    token: TokenContent,
    options?: { index?: TokenIndex | undefined; chunk?: unknown },
  ): Promise<void> {
    if (options === undefined || options === null) return this.run.emitPlainToken(token);
    return this.run.emitToken(token, options.index ?? undefined, options.chunk);
  }

  onStreamEvent(streamEvent: unknown): Promise<void> {
    return this.run.emit("on_stream_event", { streamEvent });
  }

  onLLMEnd(response: LLMResultInput): Promise<void> {
    checkResponse(this.run, "on_llm_end", response);
    return this.run.emit("on_llm_end", { response: response as LLMResult });
  }

  /** `response`: what had arrived before the error. */
  onLLMError(error: unknown, options?: { response?: LLMResultInput | undefined }): Promise<void> {
    const response = options?.response;
    if (response === undefined) return this.run.emit("on_llm_error", { error });
    checkResponse(this.run, "on_llm_error", response);
    return this.run.emit("on_llm_error", { error, response: response as LLMResult });
  }
}

/** Inputs that became known after the run began. */
type LateInputs = { readonly inputs?: unknown };

/** Takes the inputs alone: other keys of `options` must not replace the record's own fields. */
function lateInputs(options: LateInputs | undefined): LateInputs {
  return options?.inputs === undefined ? {} : { inputs: options.inputs };
}

export class AsyncCallbackManagerForChainRun extends AsyncParentRunManager implements RunMethods<"chain"> {
  /** A piece of the chain's output, as it comes. */
  onChainStream(chunk: unknown): Promise<void> {
    return this.run.emit("on_chain_stream", { chunk });
  }

  onChainEnd(outputs: unknown, options?: LateInputs): Promise<void> {
    return this.run.emit("on_chain_end", { outputs, ...lateInputs(options) });
  }

  onChainError(error: unknown, options?: LateInputs): Promise<void> {
    return this.run.emit("on_chain_error", { error, ...lateInputs(options) });
  }

  onAgentAction(action: unknown): Promise<void> {
    return this.run.emit("on_agent_action", { action });
  }

  onAgentFinish(finish: unknown): Promise<void> {
    return this.run.emit("on_agent_finish", { finish });
  }
}

export class AsyncCallbackManagerForToolRun extends AsyncParentRunManager implements RunMethods<"tool"> {
  onToolEvent(chunk: unknown): Promise<void> {
    return this.run.emit("on_tool_event", { chunk });
  }

  onToolEnd(output: unknown): Promise<void> {
    return this.run.emit("on_tool_end", { output });
  }

  onToolError(error: unknown, options?: { toolCallId?: string | undefined }): Promise<void> {
    const toolCallId = options?.toolCallId;
    return this.run.emit("on_tool_error", toolCallId === undefined ? { error } : { error, toolCallId });
  }
}

export class AsyncCallbackManagerForRetrieverRun
  extends AsyncParentRunManager
  implements RunMethods<"retriever">
{
  onRetrieverEnd(documents: readonly unknown[]): Promise<void> {
    checkDocuments(this.run, "on_retriever_end", documents);
    return this.run.emit("on_retriever_end", { documents });
  }

  onRetrieverError(error: unknown): Promise<void> {
    return this.run.emit("on_retriever_error", { error });
  }
}
