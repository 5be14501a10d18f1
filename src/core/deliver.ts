import { isThenable } from "../common/thenable.ts";
import {
  type AnyEventRecord,
  EVENT_INFO,
  EVENT_NAMES,
  type EventInfo,
  type EventName,
  type EventRecord,
} from "./events.ts";
import { isReported, ReportedFailure } from "./failures.ts";
import type { CallbackHandler } from "./handler.ts";
import { bufferString } from "./message-text.ts";
import { passOn } from "./relay.ts";

/*
 * How handlers take an event. Inline dispatch, lanes and tasks all deliver through here, which is what makes a
 * handler behave the same wherever it runs.
 */

/** Which event of which run a failure belongs to. */
export type EventOfRun = Pick<AnyEventRecord, "event" | "runId">;

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

/** Does for a token what {@link deliver} does for any event: tokens are too many for lookups by names of the table. */
function deliverToken(handler: CallbackHandler, record: EventRecord<"on_llm_new_token">): unknown {
  if (handler.ignoreLLM === true) return undefined;
  if (typeof handler.onLLMNewToken === "function") return handler.onLLMNewToken(record);
  return passOn(handler, record);
}

/**
 * Gives one event to one handler: to its method, for a chat start without one to `onLLMStart`, else to
 * `onEvent`; flags apply. Returns and throws as the handler does.
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
  return passOn(handler, record);
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

/** An event is given to a handler at most this often: once more after the thread died that had begun it. */
export const MAX_DELIVERIES = 2;

export function freezeIfShared(group: readonly unknown[], record: AnyEventRecord): void {
  if (group.length > 1) Object.freeze(record);
}

/**
 * One event on its way to a group of handlers. Inline dispatch, lanes and tasks each say how a handler is called, how its
 * promise is followed and where a failure is reported; the two rules that must be the same everywhere stand here:
 *
 * - A record that goes to a group of several handlers is frozen: none may change what another gets.
 * - Every failure is reported, under the name of the handler that failed, and keeps no other handler from the event. The first
 *   failure of a handler with `raiseError` is `raised` too: it rejects the caller's promise once all handlers have settled.
 */
export abstract class Delivery<Handler> {
  /** Read from the record before a handler gets it, which might change it. */
  readonly event: EventName;
  readonly runId: string;
  raised: { readonly error: unknown } | undefined = undefined;

  constructor({ event, runId }: EventOfRun) {
    this.event = event;
    this.runId = runId;
  }

  /** Calls a handler, or queues the event for it. Returns what the handler returned; may throw. */
  protected abstract call(handler: Handler, record: AnyEventRecord): unknown;
  /** Follows the promise of a handler, and calls `fail` if it rejects. */
  protected abstract follow(handler: Handler, promise: PromiseLike<unknown>): void;
  protected abstract raises(handler: Handler): boolean;
  protected abstract report(handler: Handler, error: unknown): void;

  deliverAll(handlers: readonly Handler[], record: AnyEventRecord): void {
    freezeIfShared(handlers, record);
    this.deliverEach(handlers, record);
  }

  /** Gives the event to some handlers of the group, whose record is frozen already if it has to be. Never throws. */
  deliverEach(handlers: readonly Handler[], record: AnyEventRecord): void {
    for (const handler of handlers) this.deliverTo(handler, record);
  }

  /** Gives the event to one handler of the group, whose record is frozen already if it has to be. Never throws. */
  deliverTo(handler: Handler, record: AnyEventRecord): void {
    try {
      const returned = this.call(handler, record);
      if (isThenable(returned)) this.follow(handler, returned);
    } catch (error) {
      this.fail(handler, error);
    }
  }

  fail(handler: Handler, failure: unknown): void {
    const error = failure instanceof ReportedFailure ? failure.error : failure;
    // A thread reports under its handler's own name, before it raises.
    if (!isReported(failure)) this.report(handler, error);
    if (this.raised === undefined && this.raises(handler)) this.raised = { error };
  }
}
