/**
 * The event table: one row per event, from which handler types, managers, wire codes, gates and the
 * documentation derive. `code` is what crosses to worker threads: append only, never reused.
 * `fields` are the event's own fields, in the order in which they cross.
 */

/** What a model, chain or tool is built from: `name`, or the last part of `id`, names the run. */
export interface Serialized {
  readonly name?: string;
  readonly id?: readonly string[];
  readonly [key: string]: unknown;
}

/** A chat message as LangChain (`type`) or OpenAI (`role`) writes it. */
export interface ChatMessage {
  readonly role?: string;
  readonly type?: string;
  readonly content?: unknown;
  readonly [key: string]: unknown;
}

/** Which of several prompts and completions a token belongs to. */
export interface TokenIndex {
  readonly prompt: number;
  readonly completion: number;
}

export interface Generation {
  readonly text: string;
  readonly message?: unknown;
  readonly generationInfo?: unknown;
}

/** What a model run gives: one list of generations per prompt. */
export interface LLMResult {
  readonly generations: readonly (readonly Generation[])[];
  readonly llmOutput?: Readonly<Record<string, unknown>> | undefined;
}

export interface RetryState {
  readonly attempt: number;
  readonly [key: string]: unknown;
}

/** Every field that an event can carry, typed once. */
interface Fields {
  serialized: Serialized | null;
  prompts: readonly string[];
  /** One list of messages per prompt; an event carries the list of its own prompt alone. */
  messages: readonly (readonly ChatMessage[])[];
  token: string;
  index: TokenIndex;
  chunk: unknown;
  streamEvent: unknown;
  response: LLMResult;
  error: unknown;
  inputs: unknown;
  outputs: unknown;
  action: unknown;
  finish: unknown;
  input: string;
  output: unknown;
  toolCallId: string;
  query: string;
  documents: readonly unknown[];
  text: string;
  retryState: RetryState;
  eventName: string;
  data: unknown;
}
/** A field of a row; a question mark says that an event may come without it. */
type Field = keyof Fields | `${keyof Fields}?`;

type RunKind = "llm" | "chain" | "tool" | "retriever" | "any";
type Phase = "start" | "data" | "end" | "error";
export type IgnoreFlag =
  | "ignoreLLM"
  | "ignoreChatModel"
  | "ignoreChain"
  | "ignoreAgent"
  | "ignoreRetriever"
  | "ignoreRetry"
  | "ignoreCustomEvent";

interface EventRow {
  readonly code: number;
  readonly method: string;
  readonly flag: IgnoreFlag | undefined;
  readonly kind: RunKind;
  readonly phase: Phase;
  readonly fields: readonly Field[];
}

// biome-ignore format: a table reads by its columns
export const EVENTS = {
  on_llm_start:        { code: 1,  method: "onLLMStart",       flag: "ignoreLLM",         kind: "llm",       phase: "start", fields: ["serialized", "prompts"] },
  on_chat_model_start: { code: 2,  method: "onChatModelStart", flag: "ignoreChatModel",   kind: "llm",       phase: "start", fields: ["serialized", "messages"] },
  on_llm_new_token:    { code: 3,  method: "onLLMNewToken",    flag: "ignoreLLM",         kind: "llm",       phase: "data",  fields: ["token", "index", "chunk?"] },
  on_stream_event:     { code: 4,  method: "onStreamEvent",    flag: "ignoreLLM",         kind: "llm",       phase: "data",  fields: ["streamEvent"] },
  on_llm_end:          { code: 5,  method: "onLLMEnd",         flag: "ignoreLLM",         kind: "llm",       phase: "end",   fields: ["response"] },
  on_llm_error:        { code: 6,  method: "onLLMError",       flag: "ignoreLLM",         kind: "llm",       phase: "error", fields: ["error", "response?"] },
  on_chain_start:      { code: 7,  method: "onChainStart",     flag: "ignoreChain",       kind: "chain",     phase: "start", fields: ["serialized", "inputs"] },
  on_chain_end:        { code: 8,  method: "onChainEnd",       flag: "ignoreChain",       kind: "chain",     phase: "end",   fields: ["outputs", "inputs?"] },
  on_chain_error:      { code: 9,  method: "onChainError",     flag: "ignoreChain",       kind: "chain",     phase: "error", fields: ["error", "inputs?"] },
  on_agent_action:     { code: 10, method: "onAgentAction",    flag: "ignoreAgent",       kind: "chain",     phase: "data",  fields: ["action"] },
  on_agent_finish:     { code: 11, method: "onAgentFinish",    flag: "ignoreAgent",       kind: "chain",     phase: "data",  fields: ["finish"] },
  on_tool_start:       { code: 12, method: "onToolStart",      flag: "ignoreAgent",       kind: "tool",      phase: "start", fields: ["serialized", "input", "inputs?", "toolCallId?"] },
  on_tool_event:       { code: 13, method: "onToolEvent",      flag: "ignoreAgent",       kind: "tool",      phase: "data",  fields: ["chunk"] },
  on_tool_end:         { code: 14, method: "onToolEnd",        flag: "ignoreAgent",       kind: "tool",      phase: "end",   fields: ["output"] },
  on_tool_error:       { code: 15, method: "onToolError",      flag: "ignoreAgent",       kind: "tool",      phase: "error", fields: ["error", "toolCallId?"] },
  on_retriever_start:  { code: 16, method: "onRetrieverStart", flag: "ignoreRetriever",   kind: "retriever", phase: "start", fields: ["serialized", "query"] },
  on_retriever_end:    { code: 17, method: "onRetrieverEnd",   flag: "ignoreRetriever",   kind: "retriever", phase: "end",   fields: ["documents"] },
  on_retriever_error:  { code: 18, method: "onRetrieverError", flag: "ignoreRetriever",   kind: "retriever", phase: "error", fields: ["error"] },
  on_text:             { code: 19, method: "onText",           flag: undefined,           kind: "any",       phase: "data",  fields: ["text"] },
  on_retry:            { code: 20, method: "onRetry",          flag: "ignoreRetry",       kind: "any",       phase: "data",  fields: ["retryState"] },
  on_custom_event:     { code: 21, method: "onCustomEvent",    flag: "ignoreCustomEvent", kind: "any",       phase: "data",  fields: ["eventName", "data"] },
  on_chain_stream:     { code: 22, method: "onChainStream",    flag: "ignoreChain",       kind: "chain",     phase: "data",  fields: ["chunk"] },
} as const satisfies Record<string, EventRow>;

export type EventName = keyof typeof EVENTS;
type HandlerMethodName = (typeof EVENTS)[EventName]["method"];

type RowField<E extends EventName> = (typeof EVENTS)[E]["fields"][number];
type OptionalName<F> = F extends `${infer Name extends keyof Fields}?` ? Name : never;
/** An event's own fields, as a handler sees them and as a run manager fills them in. */
export type OwnFields<E extends EventName> = {
  readonly [F in RowField<E> & keyof Fields]: Fields[F];
} & { readonly [F in OptionalName<RowField<E>>]?: Fields[F] | undefined };

/** What says where an event belongs; every record carries it. */
export interface RunIdentity {
  readonly runId: string;
  readonly parentRunId: string | undefined;
  /** The id of the root run above this one. */
  readonly traceId: string;
  readonly tags: readonly string[];
}

/** What start and custom events carry besides. */
export interface RunDescription {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly name?: string | undefined;
  /** Whatever else the caller told about the run, such as `invocationParams`. */
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
}

type DescribedEvent =
  | {
      [E in EventName]: (typeof EVENTS)[E]["phase"] extends "start" ? E : never;
    }[EventName]
  | "on_custom_event";

/** One event as a handler receives it. `timestamp`: ms since the epoch, with fractions, monotonic within a run. */
export type EventRecord<E extends EventName = EventName> = E extends EventName
  ? { readonly event: E; readonly timestamp: number } & RunIdentity &
      OwnFields<E> &
      (E extends DescribedEvent ? RunDescription : unknown)
  : never;

export type AnyEventRecord = EventRecord;

/** What the engine needs to know of an event, derived from its row once. */
export interface EventInfo {
  readonly event: EventName;
  readonly code: number;
  readonly method: HandlerMethodName;
  readonly flag: IgnoreFlag | undefined;
  readonly kind: RunKind;
  readonly phase: Phase;
  /** Names of the own fields, without question marks, in wire order; start and custom events end with `extra`. */
  readonly fields: readonly string[];
  /** Whether records of this event carry `metadata`, `name` and `extra`. */
  readonly described: boolean;
}

function describe(event: EventName, row: EventRow): EventInfo {
  const described = row.phase === "start" || event === "on_custom_event";
  const own = row.fields.map((field) => field.replace("?", ""));
  const method = EVENTS[event].method;
  return { ...row, event, method, described, fields: described ? [...own, "extra"] : own };
}

function serializedName(serialized: Serialized | null): string | undefined {
  try {
    const name: unknown = serialized?.name ?? serialized?.id?.at(-1);
    return typeof name === "string" ? name : undefined;
  } catch {
    return undefined;
  }
}

/** What a run is called by its start: its own name, else that of what runs. Never throws. */
export function startName(
  record: Pick<RunDescription, "name"> & { readonly serialized: Serialized | null },
): string | undefined {
  return record.name ?? serializedName(record.serialized);
}

export const EVENT_NAMES = Object.keys(EVENTS) as readonly EventName[];
export const EVENT_INFO = Object.fromEntries(
  EVENT_NAMES.map((event) => [event, describe(event, EVENTS[event])]),
) as Readonly<Record<EventName, EventInfo>>;

const BY_CODE: readonly (EventInfo | undefined)[] = EVENT_NAMES.reduce<EventInfo[]>((table, event) => {
  table[EVENTS[event].code] = EVENT_INFO[event];
  return table;
}, []);

/** The event of a wire code, or undefined for a code that this version does not know. */
export function eventOfCode(code: number): EventInfo | undefined {
  return BY_CODE[code];
}

/** Whether an event finishes its run. */
export function isRunEnd(info: EventInfo): boolean {
  return info.phase === "end" || info.phase === "error";
}
