import type { ChatMessage, LLMResult, RetryState, Serialized, TokenIndex } from "./payloads.ts";

/*
 * The event table: one row per event. Handler types, managers, wire frames, tracers, the event stream, the
 * overflow policies and the documentation derive from it.
 */

/** Every field that an event can carry, typed once. */
interface Fields {
  serialized: Serialized | null;
  prompts: readonly string[];
  /** One list of messages per prompt; each event carries only the list of its own prompt. */
  messages: readonly (readonly ChatMessage[])[];
  token: string;
  index: TokenIndex;
  chunk: unknown;
  streamEvent: unknown;
  response: LLMResult;
  error: unknown;
  /** The abort of the run's signal caused the error. Never false. */
  aborted: true;
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
/** A field of a row; a question mark makes it optional. */
type Field = keyof Fields | `${keyof Fields}?`;

export type RunKind = "llm" | "chain" | "tool" | "retriever";
type Phase = "start" | "data" | "end" | "error";
export type IgnoreFlag =
  | "ignoreLLM"
  | "ignoreChatModel"
  | "ignoreChain"
  | "ignoreAgent"
  | "ignoreRetriever"
  | "ignoreRetry"
  | "ignoreCustomEvent";

/** The part that an event plays in LangChain's event stream. */
type StreamPart = "start" | "stream" | "end" | "error" | "custom";

interface EventRow {
  /** Crosses to worker threads, below 32: append only, never reuse. */
  readonly code: number;
  readonly method: string;
  /** The handler's flag that switches the event off. */
  readonly flag: IgnoreFlag | undefined;
  /** The kind of run that has the event. */
  readonly kind: RunKind | "any";
  /** Data may be dropped when a queue overflows, ahead of all else. */
  readonly phase: Phase;
  /** Whether it comes in any number per run: tracers count pieces and never keep one. */
  readonly piece: boolean;
  /** Null: LangChain's event stream does not show the event. */
  readonly stream: StreamPart | null;
  /** Whether records carry `metadata`, `name` and `extra`. */
  readonly described: boolean;
  /** The own field that holds a start's input, an end's or error's output, or a piece of output. */
  readonly value: keyof Fields | null;
  /** The event's own fields, in the order in which they cross. */
  readonly fields: readonly Field[];
}

// biome-ignore format: a table reads by its columns
export const EVENTS = {
  on_llm_start:        { code: 1,  method: "onLLMStart",       flag: "ignoreLLM",         kind: "llm",       phase: "start", piece: false, stream: "start",  described: true,  value: "prompts",     fields: ["serialized", "prompts"] },
  on_chat_model_start: { code: 2,  method: "onChatModelStart", flag: "ignoreChatModel",   kind: "llm",       phase: "start", piece: false, stream: "start",  described: true,  value: "messages",    fields: ["serialized", "messages"] },
  on_llm_new_token:    { code: 3,  method: "onLLMNewToken",    flag: "ignoreLLM",         kind: "llm",       phase: "data",  piece: true,  stream: "stream", described: false, value: "token",       fields: ["token", "index", "chunk?"] },
  on_stream_event:     { code: 4,  method: "onStreamEvent",    flag: "ignoreLLM",         kind: "llm",       phase: "data",  piece: true,  stream: null,     described: false, value: "streamEvent", fields: ["streamEvent"] },
  on_llm_end:          { code: 5,  method: "onLLMEnd",         flag: "ignoreLLM",         kind: "llm",       phase: "end",   piece: false, stream: "end",    described: false, value: "response",    fields: ["response"] },
  on_llm_error:        { code: 6,  method: "onLLMError",       flag: "ignoreLLM",         kind: "llm",       phase: "error", piece: false, stream: "error",  described: false, value: "response",    fields: ["error", "response?", "aborted?"] },
  on_chain_start:      { code: 7,  method: "onChainStart",     flag: "ignoreChain",       kind: "chain",     phase: "start", piece: false, stream: "start",  described: true,  value: "inputs",      fields: ["serialized", "inputs"] },
  on_chain_end:        { code: 8,  method: "onChainEnd",       flag: "ignoreChain",       kind: "chain",     phase: "end",   piece: false, stream: "end",    described: false, value: "outputs",     fields: ["outputs", "inputs?"] },
  on_chain_error:      { code: 9,  method: "onChainError",     flag: "ignoreChain",       kind: "chain",     phase: "error", piece: false, stream: "error",  described: false, value: null,          fields: ["error", "inputs?", "aborted?"] },
  on_agent_action:     { code: 10, method: "onAgentAction",    flag: "ignoreAgent",       kind: "chain",     phase: "data",  piece: false, stream: null,     described: false, value: null,          fields: ["action"] },
  on_agent_finish:     { code: 11, method: "onAgentFinish",    flag: "ignoreAgent",       kind: "chain",     phase: "data",  piece: false, stream: null,     described: false, value: null,          fields: ["finish"] },
  on_tool_start:       { code: 12, method: "onToolStart",      flag: "ignoreAgent",       kind: "tool",      phase: "start", piece: false, stream: "start",  described: true,  value: "input",       fields: ["serialized", "input", "inputs?", "toolCallId?"] },
  on_tool_event:       { code: 13, method: "onToolEvent",      flag: "ignoreAgent",       kind: "tool",      phase: "data",  piece: true,  stream: "stream", described: false, value: "chunk",       fields: ["chunk"] },
  on_tool_end:         { code: 14, method: "onToolEnd",        flag: "ignoreAgent",       kind: "tool",      phase: "end",   piece: false, stream: "end",    described: false, value: "output",      fields: ["output"] },
  on_tool_error:       { code: 15, method: "onToolError",      flag: "ignoreAgent",       kind: "tool",      phase: "error", piece: false, stream: "error",  described: false, value: null,          fields: ["error", "toolCallId?", "aborted?"] },
  on_retriever_start:  { code: 16, method: "onRetrieverStart", flag: "ignoreRetriever",   kind: "retriever", phase: "start", piece: false, stream: "start",  described: true,  value: "query",       fields: ["serialized", "query"] },
  on_retriever_end:    { code: 17, method: "onRetrieverEnd",   flag: "ignoreRetriever",   kind: "retriever", phase: "end",   piece: false, stream: "end",    described: false, value: "documents",   fields: ["documents"] },
  on_retriever_error:  { code: 18, method: "onRetrieverError", flag: "ignoreRetriever",   kind: "retriever", phase: "error", piece: false, stream: "error",  described: false, value: null,          fields: ["error", "aborted?"] },
  on_text:             { code: 19, method: "onText",           flag: undefined,           kind: "any",       phase: "data",  piece: false, stream: null,     described: false, value: null,          fields: ["text"] },
  on_retry:            { code: 20, method: "onRetry",          flag: "ignoreRetry",       kind: "any",       phase: "data",  piece: false, stream: null,     described: false, value: null,          fields: ["retryState"] },
  on_custom_event:     { code: 21, method: "onCustomEvent",    flag: "ignoreCustomEvent", kind: "any",       phase: "data",  piece: false, stream: "custom", described: true,  value: null,          fields: ["eventName", "data"] },
  on_chain_stream:     { code: 22, method: "onChainStream",    flag: "ignoreChain",       kind: "chain",     phase: "data",  piece: true,  stream: "stream", described: false, value: "chunk",       fields: ["chunk"] },
} as const satisfies Record<string, EventRow>;

export type EventName = keyof typeof EVENTS;
type EventsOf<Columns> = { [E in EventName]: (typeof EVENTS)[E] extends Columns ? E : never }[EventName];

/** Handler methods of the events whose rows have these columns. */
export type MethodOf<Columns extends Partial<EventRow>> = (typeof EVENTS)[EventsOf<Columns>]["method"];

type RowField<E extends EventName> = (typeof EVENTS)[E]["fields"][number];
type OptionalName<F> = F extends `${infer Name extends keyof Fields}?` ? Name : never;
/** An event's own fields, in the types of a handler's record. */
export type OwnFields<E extends EventName> = {
  readonly [F in RowField<E> & keyof Fields]: Fields[F];
} & { readonly [F in OptionalName<RowField<E>>]?: Fields[F] | undefined };

/** The run that an event belongs to; every record carries it. */
export interface RunIdentity {
  readonly runId: string;
  readonly parentRunId: string | undefined;
  /** The id of the root run above this one. */
  readonly traceId: string;
  readonly tags: readonly string[];
}

/** Further fields of start and custom events. */
export interface RunDescription {
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly name?: string | undefined;
  /** Further properties of the run from the caller, such as `invocationParams`. */
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
}

/** One event as a handler receives it. `timestamp`: ms since the epoch, with fractions, monotonic within a run. */
export type EventRecord<E extends EventName = EventName> = E extends EventName
  ? { readonly event: E; readonly timestamp: number } & RunIdentity &
      OwnFields<E> &
      ((typeof EVENTS)[E]["described"] extends true ? RunDescription : unknown)
  : never;

export type AnyEventRecord = EventRecord;

/** Records of the events whose rows have these columns, such as `{ stream: "end" }`. */
export type RecordOf<Columns extends Partial<EventRow>> = EventRecord<EventsOf<Columns>>;

/** An event that opens a run. */
export type StartRecord = RecordOf<{ phase: "start" }>;

/** An event's row, with what derives from it. */
export interface EventInfo extends Omit<EventRow, "fields"> {
  readonly event: EventName;
  readonly method: (typeof EVENTS)[EventName]["method"];
  /** Names of the own fields, without question marks, in wire order; described events end with `extra`. */
  readonly fields: readonly string[];
  /** Whether the event may be dropped when a queue overflows. */
  readonly droppable: boolean;
}

function infoOf(event: EventName): EventInfo {
  const row: EventRow & Pick<EventInfo, "method"> = EVENTS[event];
  const own = row.fields.map((field) => field.replace("?", ""));
  const fields = row.described ? [...own, "extra"] : own;
  return { ...row, event, fields, droppable: row.phase === "data" };
}

function serializedName(serialized: Serialized | null): string | undefined {
  try {
    // A live object is named by what crosses of it, so that its run has one name on every thread.
    const toJson = serialized?.["toJSON"];
    const shown = typeof toJson === "function" ? (toJson.call(serialized, "") as Serialized) : serialized;
    const name: unknown = shown?.name ?? shown?.id?.at(-1);
    return typeof name === "string" ? name : undefined;
  } catch {
    return undefined;
  }
}

/** A run's name by its start: its own, else that of `serialized`; undefined without either. Never throws. */
export function startName(
  record: Pick<RunDescription, "name"> & { readonly serialized: Serialized | null },
): string | undefined {
  return record.name ?? serializedName(record.serialized);
}

export const EVENT_NAMES = Object.keys(EVENTS) as readonly EventName[];
export const EVENT_INFO = Object.fromEntries(EVENT_NAMES.map((event) => [event, infoOf(event)])) as Readonly<
  Record<EventName, EventInfo>
>;

/** By kind of run: the event with which a run fails. */
export const ERROR_EVENTS = {
  llm: "on_llm_error",
  chain: "on_chain_error",
  tool: "on_tool_error",
  retriever: "on_retriever_error",
} as const satisfies { readonly [Kind in RunKind]: EventsOf<{ kind: Kind; phase: "error" }> };

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
