import type { AnyEventRecord, EVENTS, EventName, EventRecord, IgnoreFlag } from "./events.ts";

/*
 * The types of a handler. `Settled` is the type that its methods return: anything, or only promises.
 *
 * The mixins spell out each method: TypeScript lets a class override an inherited method with a method, but not a
 * property made by a mapped type (TS2425). `MatchesTable` checks them against the event table.
 */

export interface LLMManagerMixin<Settled = unknown> {
  onLLMNewToken?(record: EventRecord<"on_llm_new_token">): Settled;
  onStreamEvent?(record: EventRecord<"on_stream_event">): Settled;
  onLLMEnd?(record: EventRecord<"on_llm_end">): Settled;
  onLLMError?(record: EventRecord<"on_llm_error">): Settled;
}

export interface ChainManagerMixin<Settled = unknown> {
  onChainStream?(record: EventRecord<"on_chain_stream">): Settled;
  onChainEnd?(record: EventRecord<"on_chain_end">): Settled;
  onChainError?(record: EventRecord<"on_chain_error">): Settled;
  onAgentAction?(record: EventRecord<"on_agent_action">): Settled;
  onAgentFinish?(record: EventRecord<"on_agent_finish">): Settled;
}

export interface ToolManagerMixin<Settled = unknown> {
  onToolEvent?(record: EventRecord<"on_tool_event">): Settled;
  onToolEnd?(record: EventRecord<"on_tool_end">): Settled;
  onToolError?(record: EventRecord<"on_tool_error">): Settled;
}

export interface RetrieverManagerMixin<Settled = unknown> {
  onRetrieverEnd?(record: EventRecord<"on_retriever_end">): Settled;
  onRetrieverError?(record: EventRecord<"on_retriever_error">): Settled;
}

/** The events that open a run. */
export interface CallbackManagerMixin<Settled = unknown> {
  onLLMStart?(record: EventRecord<"on_llm_start">): Settled;
  onChatModelStart?(record: EventRecord<"on_chat_model_start">): Settled;
  onChainStart?(record: EventRecord<"on_chain_start">): Settled;
  onToolStart?(record: EventRecord<"on_tool_start">): Settled;
  onRetrieverStart?(record: EventRecord<"on_retriever_start">): Settled;
}

/** The events that any kind of run can have. */
export interface RunManagerMixin<Settled = unknown> {
  onText?(record: EventRecord<"on_text">): Settled;
  onRetry?(record: EventRecord<"on_retry">): Settled;
  onCustomEvent?(record: EventRecord<"on_custom_event">): Settled;
}

export interface HandlerMethods<Settled = unknown>
  extends LLMManagerMixin<Settled>,
    ChainManagerMixin<Settled>,
    ToolManagerMixin<Settled>,
    RetrieverManagerMixin<Settled>,
    CallbackManagerMixin<Settled>,
    RunManagerMixin<Settled> {}

type TableMethods = {
  [E in EventName as (typeof EVENTS)[E]["method"]]: (record: EventRecord<E>) => unknown;
};
/** `Methods`. If `_All` lacks a method of the table, the constraint fails to compile and names the method. */
type MatchesTable<Methods, _All extends TableMethods> = Methods;

/** Flags that switch families of events off (all false by default), and flags of dispatch. */
export interface HandlerFlags extends Partial<Record<IgnoreFlag, boolean>> {
  /** A failure of this handler rejects the dispatch, once every handler has settled. @default false */
  readonly raiseError?: boolean;
  /** Run before the other inline handlers, one at a time, on the caller's context; the run's later events wait. @default false */
  readonly runInline?: boolean;
}

/**
 * An object that reacts to events. Each method receives one record; what it returns is awaited.
 * `onEvent` gets every event for which the handler has no method of its own.
 */
export interface CallbackHandler
  extends MatchesTable<HandlerMethods, Required<HandlerMethods>>,
    HandlerFlags {
  /** Names the handler in reports and statistics. @default the class name */
  readonly name?: string;
  onEvent?(record: AnyEventRecord): unknown;
  /** Finishes work under way, such as a write; may be called often. */
  flush?(): unknown;
  /** Releases the handler's resources; called once, last. */
  close?(): unknown;
}

declare const madeHandler: unique symbol;

/**
 * The URL of a module whose default export makes a `Handler`: `offThread` gives its methods in `remotes` their types. For a
 * module of your own: `new URL("./audit.js", import.meta.url) as HandlerModule<Audit>`.
 */
export interface HandlerModule<Handler extends object> extends URL {
  readonly [madeHandler]?: Handler;
}

/** Second argument of a handler class or factory. */
export interface HandlerContext {
  /** Which of the threads this is, counted from 0; with `ordering: "none"` always 0. */
  readonly lane: number;
  /** How many threads there are. */
  readonly threads: number;
  /** How many threads of this lane have died before this one; with `ordering: "none"` always 0. */
  readonly restarts: number;
}

/**
 * The property in which a handler class names its own hooks that look like events' methods, such as `onRunStart`. By
 * `Symbol.for`: a tracer of another copy of the package has hooks, too.
 */
export const HOOKS = Symbol.for("sidecall.hooks");

/** The name of a handler in reports and statistics. */
export function handlerName(handler: CallbackHandler): string {
  try {
    // A handler in plain JavaScript may mean something else by `name`.
    if (typeof handler.name === "string" && handler.name !== "") return handler.name;
    const made: unknown = handler.constructor?.name;
    return typeof made !== "string" || made === "" || made === "Object" ? "handler" : made;
  } catch {
    return "handler";
  }
}
