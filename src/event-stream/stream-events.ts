import { AsyncResource } from "node:async_hooks";
import { integer, type OptionsOf, optional, resolve, signal } from "../common/options.ts";
import { anySignal } from "../common/signals.ts";
import { invalidOption } from "../common/validate.ts";
import { AsyncCallbackManager } from "../managers/async-manager.ts";
import type { BaseCallbackManager } from "../managers/base-manager.ts";
import { checkCallbacks } from "../managers/callbacks.ts";
import { type CallbackContext, withContext } from "../managers/context.ts";
import { openRunsOf } from "../managers/open-runs.ts";
import { EventBuffer } from "./event-buffer.ts";
import { eventFilter, FILTER_OPTIONS, type StreamEventFilters } from "./event-filter.ts";
import { EventStream } from "./event-stream.ts";
import { EventStreamHandler } from "./event-stream-handler.ts";
import type { StreamEvent } from "./stream-event.ts";

const RUN_OPTIONS = {
  /** Handlers that get the runs' events too, or a manager with parent, tags and metadata. @default those around the call */
  callbacks: optional(checkCallbacks),
  /** Ends the stream when it aborts: the iteration rejects with its reason, and the function's signal aborts. */
  signal: signal(),
  /**
   * Events that may wait for the consumer, at least 1. While the buffer is full, the methods that send events wait for
   * space; events of calls whose promises are not awaited are kept beyond the bound. @default 1000
   */
  maxBufferedEvents: integer(1, Number.MAX_SAFE_INTEGER, 1000),
};
const STREAM_OPTIONS = { ...FILTER_OPTIONS, ...RUN_OPTIONS };

export interface StreamEventsOptions extends StreamEventFilters, OptionsOf<typeof RUN_OPTIONS> {}

/** Argument of a streamed function. */
export interface StreamedRunContext {
  /** Its runs are streamed, as are those of managers that `configure()` makes inside the function. */
  readonly callbacks: AsyncCallbackManager;
  /** Aborts when the consumer leaves the stream, or when the signal that the caller gave aborts. */
  readonly signal: AbortSignal;
}

type ReturnOf<Step> = Step extends { readonly done: true; readonly value: infer Value } ? Value : never;
/**
 * The result of a streamed function: what its promise resolves to; of an async iterable its return value, which is undefined
 * if the stream is left before.
 */
export type StreamedResult<Returned> =
  Awaited<Returned> extends { [Symbol.asyncIterator](): { next(): Promise<infer Step> } }
    ? ReturnOf<Step>
    : Awaited<Returned>;

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

/** An async generator runs only while it is read. Returns its return value; undefined if the signal aborts before. */
async function readToEnd(iterable: AsyncIterable<unknown>, signal: AbortSignal): Promise<unknown> {
  const iterator = iterable[Symbol.asyncIterator]();
  let step = await iterator.next();
  while (!step.done && !signal.aborted) step = await iterator.next();
  if (step.done) return step.value;
  await iterator.return?.();
  return undefined;
}

/** A context that gives a call what a manager's runs would inherit. */
function inheritedFrom(manager: BaseCallbackManager): CallbackContext {
  const {
    parent,
    inheritableHandlers: handlers,
    inheritableTags: tags,
    inheritableMetadata: metadata,
  } = manager;
  return { ...(parent === undefined ? {} : { run: parent }), handlers, tags, metadata };
}

/**
 * Streams the events of all runs that a function starts, in LangChain's envelope, version 2:
 *
 * ```ts
 * const stream = streamEvents(({ callbacks, signal }) => answer(question, { callbacks, signal }));
 * for await (const { event, name, data } of stream) {
 *   if (event === "on_chat_model_stream") console.log(name, data.chunk);
 * }
 * const answer = await stream.result;
 * ```
 *
 * - The function starts with the first `next()`, in the context in which `streamEvents` was called. The stream ends when
 *   the function's promise settles; events of runs that go on after that are dropped.
 * - If the function fails, the consumer gets the events before the failure, then its error.
 * - If the function returns an async iterable, such as an async generator, it is read to its end, and `result` is the
 *   generator's return value.
 * - Leaving the loop early aborts the signal: runs no longer start. See {@link EventStream}.
 *
 * Throws SIDECALL_OPTION_INVALID.
 */
export function streamEvents<Run extends (context: StreamedRunContext) => unknown>(
  run: Run,
  options: StreamEventsOptions = {},
): EventStream<StreamedResult<ReturnType<Run>>> {
  if (typeof run !== "function") throw invalidOption("run", "a function", run);
  const resolved = resolve("options", STREAM_OPTIONS, options);
  const { callbacks: inheritable, maxBufferedEvents } = resolved;
  const outside = anySignal(resolved.signal);
  const buffer = new EventBuffer<StreamEvent>(maxBufferedEvents);
  const handler = new EventStreamHandler(eventFilter(resolved), (event) => buffer.push(event));
  const cancel = new AbortController();
  const callbacks = AsyncCallbackManager.configure({ inheritable, signal: cancel.signal });
  callbacks.addHandler(handler);
  // Combined with the signal of the context around this call.
  const signal = callbacks.signal ?? cancel.signal;
  const start = async (): Promise<unknown> => {
    const returned = await run({ callbacks, signal });
    return isAsyncIterable(returned) ? readToEnd(returned, signal) : returned;
  };
  const body = AsyncResource.bind(() => withContext({ ...inheritedFrom(callbacks), signal }, start));
  return new EventStream({ body, buffer, openRuns: openRunsOf(handler), cancel, outside });
}
