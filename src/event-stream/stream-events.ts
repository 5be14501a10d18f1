import { AsyncResource } from "node:async_hooks";
import { integer, type OptionsOf, optional, resolve, signal, unchecked } from "../common/options.ts";
import { invalidOption } from "../common/validate.ts";
import { AsyncCallbackManager } from "../managers/async-manager.ts";
import type { BaseCallbackManager } from "../managers/base-manager.ts";
import type { Callbacks } from "../managers/configure.ts";
import { type CallbackContext, withContext } from "../managers/context.ts";
import { EventBuffer } from "./event-buffer.ts";
import { eventFilter, FILTER_OPTIONS, type StreamEventFilters } from "./event-filter.ts";
import { EventStream } from "./event-stream.ts";
import { EventStreamHandler } from "./event-stream-handler.ts";
import type { StreamEvent } from "./stream-event.ts";

const RUN_OPTIONS = {
  /** Handlers that hear of the runs too, or a manager, with parent, tags and metadata. @default those around the call */
  callbacks: optional<Callbacks>(unchecked),
  /** Ends the stream from outside: the consumer gets its reason, the function's signal is aborted. */
  signal: signal(),
  /**
   * Events that may wait for the consumer, at least 1. Of more, the run waits in the methods that send them; what it
   * sends without waiting for their promises is kept besides. @default 1000
   */
  maxBufferedEvents: integer(1, Number.MAX_SAFE_INTEGER, 1000),
};
const STREAM_OPTIONS = { ...FILTER_OPTIONS, ...RUN_OPTIONS };

export interface StreamEventsOptions extends StreamEventFilters, OptionsOf<typeof RUN_OPTIONS> {}

/** What a streamed function is called with. */
export interface StreamedRunContext {
  /** Starts the runs that are streamed. Managers that `configure()` makes inside the function do so too. */
  readonly callbacks: AsyncCallbackManager;
  /** Aborted when nobody wants the rest. */
  readonly signal: AbortSignal;
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

/** An asynchronous generator does nothing until somebody reads it. Gives what it returned in the end. */
async function readToEnd(iterable: AsyncIterable<unknown>, signal: AbortSignal): Promise<unknown> {
  const iterator = iterable[Symbol.asyncIterator]();
  let step = await iterator.next();
  while (!step.done && !signal.aborted) step = await iterator.next();
  if (step.done) return step.value;
  await iterator.return?.();
  return undefined;
}

/** What puts around a call what a manager's runs would pass on. */
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
 *   what it returned has settled; events of runs that go on after that are dropped.
 * - If it fails, the consumer gets the events before the failure, then its error.
 * - If it returns an async iterable, as an async generator does, that is read to its end; `result` is what it returned.
 * - Leaving the loop early aborts the signal: runs no longer start. See {@link EventStream}.
 *
 * Throws SIDECALL_OPTION_INVALID.
 */
export function streamEvents(
  run: (context: StreamedRunContext) => unknown,
  options: StreamEventsOptions = {},
): EventStream {
  if (typeof run !== "function") throw invalidOption("run", "a function", run);
  const resolved = resolve("options", STREAM_OPTIONS, options);
  const { callbacks: inheritable, signal: outside, maxBufferedEvents } = resolved;
  const buffer = new EventBuffer<StreamEvent>(maxBufferedEvents);
  const handler = new EventStreamHandler(eventFilter(resolved), (event) => buffer.push(event));
  const cancel = new AbortController();
  const callbacks = AsyncCallbackManager.configure({ inheritable, signal: cancel.signal });
  callbacks.addHandler(handler);
  // Aborted too when what is around this call is.
  const signal = callbacks.signal ?? cancel.signal;
  const start = async (): Promise<unknown> => {
    const returned = await run({ callbacks, signal });
    return isAsyncIterable(returned) ? readToEnd(returned, signal) : returned;
  };
  const body = AsyncResource.bind(() => withContext({ ...inheritedFrom(callbacks), signal }, start));
  return new EventStream({ body, buffer, cancel, outside });
}
