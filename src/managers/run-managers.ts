import type { LLMResult, RetryState, RunIdentity, TokenIndex } from "../core/events.ts";
import type { CallbackHandler } from "../core/handler.ts";
import type { AsyncCallbackManager } from "./async-manager.ts";
import type { ManagerOptions, ParentRun } from "./manager-options.ts";
import type { Run } from "./run.ts";

/** Builds the manager for a run's children. Handed in, so that run managers need no import of the manager. */
type MakeChild = (options: ManagerOptions) => AsyncCallbackManager;

/** What a run's children inherit. */
export interface Inheritance {
  readonly handlers: readonly CallbackHandler[];
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly makeChild: MakeChild;
}

/**
 * What application code holds while a run lasts. Every method resolves when all handlers have settled the
 * event, and rejects only with the error of a handler that has `raiseError`.
 */
export class AsyncRunManager implements RunIdentity, ParentRun {
  protected readonly run: Run;
  protected readonly inheritance: Inheritance;

  constructor(run: Run, inheritance: Inheritance) {
    this.run = run;
    this.inheritance = inheritance;
  }

  get runId(): string {
    return this.run.runId;
  }
  get parent(): ParentRun | undefined {
    return this.run.parent;
  }
  get parentRunId(): string | undefined {
    return this.run.parentRunId;
  }
  get traceId(): string {
    return this.run.traceId;
  }
  get tags(): readonly string[] {
    return this.run.tags;
  }
  get metadata(): Readonly<Record<string, unknown>> {
    return this.run.metadata;
  }
  get handlers(): readonly CallbackHandler[] {
    return this.run.handlers;
  }
  /** Cancels the run: once aborted, starts below it and events other than ends reject with its reason. */
  get signal(): AbortSignal | undefined {
    return this.run.signal;
  }

  /** Whether an end or error of the run was sent. */
  get hasEnded(): boolean {
    return this.run.hasEnded;
  }

  /** What makes a manager whose runs hang under this one. */
  childOptions(): ManagerOptions {
    const { handlers, tags, metadata } = this.inheritance;
    return {
      handlers,
      inheritableHandlers: handlers,
      tags,
      inheritableTags: tags,
      metadata,
      inheritableMetadata: metadata,
      parent: this,
      signal: this.signal,
    };
  }

  onText(text: string): Promise<void> {
    return this.run.emit("on_text", { text });
  }

  onRetry(retryState: RetryState): Promise<void> {
    return this.run.emit("on_retry", { retryState });
  }

  onCustomEvent(eventName: string, data: unknown): Promise<void> {
    return this.run.emit("on_custom_event", { eventName, data }, true);
  }
}

/** A run that gives out managers for its children: chain, tool and retriever runs. */
export class AsyncParentRunManager extends AsyncRunManager {
  /** A manager whose runs hang under this one, with what is inheritable; `tag` goes to its own runs alone. */
  getChild(tag?: string): AsyncCallbackManager {
    const child = this.inheritance.makeChild(this.childOptions());
    if (tag !== undefined) child.addTags([tag], false);
    return child;
  }
}

export class AsyncCallbackManagerForLLMRun extends AsyncRunManager {
  /** `index`: which prompt and completion the token belongs to, by default the first; `chunk`: the provider's own chunk. */
  onLLMNewToken(token: string, options?: { index?: TokenIndex; chunk?: unknown }): Promise<void> {
    if (options === undefined) return this.run.emitPlainToken(token);
    return this.run.emitToken(token, options.index, options.chunk);
  }

  onStreamEvent(streamEvent: unknown): Promise<void> {
    return this.run.emit("on_stream_event", { streamEvent });
  }

  onLLMEnd(response: LLMResult): Promise<void> {
    return this.run.emit("on_llm_end", { response });
  }

  /** `response`: what had arrived before the error. */
  onLLMError(error: unknown, options?: { response?: LLMResult }): Promise<void> {
    const response = options?.response;
    return this.run.emit("on_llm_error", response === undefined ? { error } : { error, response });
  }
}

/** Inputs that were not known when the run began. */
type LateInputs = { readonly inputs?: unknown };

/** The inputs alone: whatever else an object of options holds must not take the place of the record's own fields. */
function lateInputs(options: LateInputs | undefined): LateInputs {
  return options?.inputs === undefined ? {} : { inputs: options.inputs };
}

export class AsyncCallbackManagerForChainRun extends AsyncParentRunManager {
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

export class AsyncCallbackManagerForToolRun extends AsyncParentRunManager {
  onToolEvent(chunk: unknown): Promise<void> {
    return this.run.emit("on_tool_event", { chunk });
  }

  onToolEnd(output: unknown): Promise<void> {
    return this.run.emit("on_tool_end", { output });
  }

  onToolError(error: unknown, options?: { toolCallId?: string }): Promise<void> {
    const toolCallId = options?.toolCallId;
    return this.run.emit("on_tool_error", toolCallId === undefined ? { error } : { error, toolCallId });
  }
}

export class AsyncCallbackManagerForRetrieverRun extends AsyncParentRunManager {
  onRetrieverEnd(documents: readonly unknown[]): Promise<void> {
    return this.run.emit("on_retriever_end", { documents });
  }

  onRetrieverError(error: unknown): Promise<void> {
    return this.run.emit("on_retriever_error", { error });
  }
}
