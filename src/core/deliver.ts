import { type AnyEventRecord, EVENT_INFO, EVENT_NAMES, type EventInfo, type EventRecord } from "./events.ts";
import type { CallbackHandler } from "./handler.ts";
import { bufferString } from "./message-text.ts";

/*
 * How one handler takes one event. Inline dispatch and worker threads both deliver through here, which is
 * what makes a handler behave the same wherever it runs.
 */

type Method = (this: CallbackHandler, record: AnyEventRecord) => unknown;
type Callable = Readonly<Record<string, Method | undefined>>;

const CHAT_START = EVENT_INFO.on_chat_model_start;
const LLM_START = EVENT_INFO.on_llm_start;

/** The handler's own method for an event. The one place where a method is looked up by a name of the table. */
function methodOf(handler: CallbackHandler, info: EventInfo): Method | undefined {
  const method = (handler as unknown as Callable)[info.method];
  return typeof method === "function" ? method : undefined;
}

function isIgnored(handler: CallbackHandler, info: EventInfo): boolean {
  return info.flag !== undefined && handler[info.flag] === true;
}

/** A chat start for a handler that knows prompts alone: each conversation as its buffer string. */
function asLLMStart(record: EventRecord<"on_chat_model_start">): EventRecord<"on_llm_start"> {
  const { messages, event: _, ...rest } = record;
  return { ...rest, event: "on_llm_start", prompts: messages.map(bufferString) };
}

/** What {@link deliver} does with a token, of which there are so many that looking up names of the table would show. */
function deliverToken(handler: CallbackHandler, record: EventRecord<"on_llm_new_token">): unknown {
  if (handler.ignoreLLM === true) return undefined;
  if (typeof handler.onLLMNewToken === "function") return handler.onLLMNewToken(record);
  return handler.onEvent?.(record);
}

/**
 * Gives one event to one handler: to its method, for a chat start without one to `onLLMStart`, else to
 * `onEvent`; gates apply. Returns what the handler returned, and throws what it threw.
 */
export function deliver(handler: CallbackHandler, record: AnyEventRecord): unknown {
  if (record.event === "on_llm_new_token") return deliverToken(handler, record);
  const info = EVENT_INFO[record.event];
  if (isIgnored(handler, info)) return undefined;
  const method = methodOf(handler, info);
  if (method !== undefined) return method.call(handler, record);
  if (record.event === "on_chat_model_start") {
    const fallback = methodOf(handler, LLM_START);
    if (fallback !== undefined) {
      return isIgnored(handler, LLM_START) ? undefined : fallback.call(handler, asLLMStart(record));
    }
  }
  return handler.onEvent?.(record);
}

function wants(handler: CallbackHandler, info: EventInfo): boolean {
  if (isIgnored(handler, info)) return false;
  if (handler.onEvent !== undefined || methodOf(handler, info) !== undefined) return true;
  return info === CHAT_START && methodOf(handler, LLM_START) !== undefined && !isIgnored(handler, LLM_START);
}

/** The events that reach a handler at all, as a set of bits: bit n for wire code n. */
export function interestOf(handler: CallbackHandler): number {
  let bits = 0;
  for (const event of EVENT_NAMES) {
    const info = EVENT_INFO[event];
    if (wants(handler, info)) bits |= 1 << info.code;
  }
  return bits;
}

export function isInterested(interest: number, info: EventInfo): boolean {
  return (interest & (1 << info.code)) !== 0;
}

/** Whether what a handler returned is something to wait for. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
