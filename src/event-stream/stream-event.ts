import type { TokenIndex } from "../core/payloads.ts";

/** A run's type in the stream: its kind, with chat models, prompts and parsers as types of their own. */
export type StreamedRunType = "chain" | "prompt" | "parser" | "llm" | "chat_model" | "tool" | "retriever";
export type StreamedPhase = "start" | "stream" | "end" | "error";

/** The fields that all events of a stream share: LangChain's envelope, version 2. */
interface Envelope {
  /** The run's name; a custom event's own name. */
  readonly name: string;
  readonly run_id: string;
  readonly tags: readonly string[];
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Ids of the runs above, root first. If the stream does not have the parent: the ids of root and parent alone. */
  readonly parent_ids: readonly string[];
}

/** The data of a run's event. A key is absent if its value is unknown. */
export interface RunEventData {
  /**
   * In a start, and again in the end or error of runs below another: a chain's inputs, `{ prompts }`, `{ messages }`,
   * `{ query }`, a tool's structured inputs, else `{ input }`. Inputs that became known late are in the end or error alone.
   */
  readonly input?: unknown;
  /** A piece of output. Of a model the chunk as given, else `{ text }`; of a chat model else a message of type "ai". */
  readonly chunk?: unknown;
  /** With the chunk of a model run that has several choices: the prompt and completion that it belongs to. */
  readonly index?: TokenIndex;
  /** In an end. Of a chat model its first message, of another model `{ generations, llm_output }`. */
  readonly output?: unknown;
  readonly error?: unknown;
  /** In an error that the abort of the run's signal caused. */
  readonly aborted?: true;
  /** In a tool's error. */
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

/** One event of a stream. `event` tells the kinds apart: `on_chain_start`, `on_chat_model_stream`, `on_tool_error`, … */
export type StreamEvent = RunStreamEvent | CustomStreamEvent;
