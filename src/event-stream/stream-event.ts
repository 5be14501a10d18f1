/** What a run is to the stream: its kind, chat models, prompts and parsers told apart. */
export type StreamedRunType = "chain" | "prompt" | "parser" | "llm" | "chat_model" | "tool" | "retriever";
export type StreamedPhase = "start" | "stream" | "end" | "error";

/** What all events of a stream have: LangChain's envelope, version 2. */
interface Envelope {
  /** The run's name; of a custom event, its own. */
  readonly name: string;
  readonly run_id: string;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Ids of the runs above, the root's first. Below a run that the stream does not know: the root's and the parent's. */
  readonly parent_ids: readonly string[];
}

/** What an event tells of its run; a key is there if it is known. */
export interface RunEventData {
  /**
   * At the start, and again at the end or error of runs below another: a chain's inputs, `{ prompts }`, `{ messages }`,
   * `{ query }`, a tool's structured inputs or else `{ input }`. Inputs that came late are at the end alone.
   */
  readonly input?: unknown;
  /** A piece of output; of a model the chunk as given, else `{ text }`, or a message of type "ai" for chat models. */
  readonly chunk?: unknown;
  /** At the end; a chat model's first message, of another model `{ generations, llm_output }`. */
  readonly output?: unknown;
  readonly error?: unknown;
  /** At a tool's error. */
  readonly tool_call_id?: string;
}

export interface RunStreamEvent extends Envelope {
  readonly event: `on_${StreamedRunType}_${StreamedPhase}`;
  readonly data: RunEventData;
}

export interface CustomStreamEvent extends Envelope {
  readonly event: "on_custom_event";
  readonly data: unknown;
}

/** One event of a stream. Told apart by `event`: `on_chain_start`, `on_chat_model_stream`, `on_tool_error` … */
export type StreamEvent = RunStreamEvent | CustomStreamEvent;
