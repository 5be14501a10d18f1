import type { AnyEventRecord, EventName, RunDescription, RunIdentity } from "./events.ts";
import type { CallbackHandler } from "./handler.ts";

/*
 * Shortcuts to a handler that passes events on to other threads. Such a handler works without them, as every
 * handler does; with them its threads wake earlier, and plain tokens need no record.
 */

/** Takes one run's plain tokens: text alone, of the first completion. */
export interface TokenSink {
  /** True: accepted and timestamped, with nothing to await. False: dispatch it as an event. */
  write(token: string): boolean;
}

/** The properties of a run that are known before its first token. */
export type SinkRun = RunIdentity & Pick<RunDescription, "metadata" | "name">;

interface Relay {
  /** An event is about to be made, which may yet fail. `traceId`: its trace, undefined if it opens one. */
  prewake(event: EventName, traceId: string | undefined): void;
  /** The handler's own `onEvent`. Where that is replaced, such as by a test's spy, the replacement is called. */
  readonly onEvent: CallbackHandler["onEvent"];
  /** Sends an event, in place of `onEvent`. A failure that is raised rejects with a `ReportedFailure`. */
  send(record: AnyEventRecord): Promise<void> | undefined;
  /** A sink that takes the run's plain tokens in place of `onLLMNewToken` records; undefined: there is none. */
  tokenSink(run: SinkRun): TokenSink | undefined;
}

/**
 * The property that holds a handler's relay. Not `Symbol.for`: to another copy of the package, whose relays may differ,
 * the handler has none and gets records, which all versions take.
 */
export const RELAY = Symbol("sidecall.relay");

export interface RelayHandler extends CallbackHandler {
  readonly [RELAY]: Relay;
}

const NO_SINK: TokenSink = { write: () => false };

function relayOf(handler: CallbackHandler | undefined): Relay | undefined {
  // Its own property: a proxy that answers every name is no relay.
  return handler !== undefined && Object.hasOwn(handler, RELAY)
    ? (handler as RelayHandler)[RELAY]
    : undefined;
}

/** Whether there ever was a relay: to look for one costs. */
let hasRelays = false;

/** Makes a handler's relay known to {@link isOffThread}. */
export function asRelay(relay: Relay): Relay {
  hasRelays = true;
  return relay;
}

/** Whether a handler passes its events on to other threads. */
export function isOffThread(handler: CallbackHandler): boolean {
  try {
    return hasRelays && relayOf(handler) !== undefined;
  } catch {
    return false;
  }
}

/** Gives an event to a handler that has no method of its own for it. */
export function passOn(handler: CallbackHandler, record: AnyEventRecord): unknown {
  const relay = relayOf(handler);
  return relay !== undefined && relay.onEvent === handler.onEvent
    ? relay.send(record)
    : handler.onEvent?.(record);
}

/** Wakes what the handlers' threads need for an event that is about to be made. */
export function prewakeAll(
  handlers: readonly CallbackHandler[],
  event: EventName,
  traceId: string | undefined,
): void {
  for (const handler of handlers) {
    try {
      relayOf(handler)?.prewake(event, traceId);
    } catch {
      // The event itself fails in the same way, and that is reported.
    }
  }
}

/** The sink for a run's plain tokens; one that accepts none if the handler has no other. */
export function tokenSinkOf(handler: CallbackHandler | undefined, run: SinkRun): TokenSink {
  try {
    return relayOf(handler)?.tokenSink(run) ?? NO_SINK;
  } catch {
    // The token fails in the same way as an event, and that is reported.
    return NO_SINK;
  }
}
