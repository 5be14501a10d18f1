import type { SidecallError } from "../common/errors.ts";
import type { AnyEventRecord, EventInfo } from "../core/events.ts";
import type { SinkRun, TokenSink } from "../core/relay.ts";
import type { LoadedHandler } from "../wire/protocol.ts";
import type { Overhead } from "./overhead.ts";
import type { RemoteCall } from "./remote.ts";
import type { LaneCounts } from "./stats.ts";

/** State that every event of an off-thread handler passes. */
export interface SendState {
  /** Events are taken while it is "open". It goes from there to "closing" and "closed", or to "closed" at once. */
  phase: "open" | "closing" | "closed";
  readonly overhead: Overhead;
}

/**
 * The interface between an off-thread handler and its threads. `lanes/` keeps the order of traces over rings; `tasks/` gives
 * each event to any idle thread.
 */
export interface Transport {
  /** Starts the threads and loads the handlers in each. Rejects with a coded error; then `abort`. */
  open(): Promise<readonly LoadedHandler[]>;
  /** Wakes a thread for an event that is about to be made and awaited. `traceId`: undefined for the first event of a trace. */
  prewake?(traceId: string | undefined): void;
  /**
   * Sends one event. Undefined: it is queued, with nothing more to wait for. Else a promise that resolves when it is handled,
   * with `acknowledge`, or queued.
   */
  send(info: EventInfo, record: AnyEventRecord, acknowledge: boolean): Promise<void> | undefined;
  /** A sink for a run's plain tokens, where that is cheaper than `send`. */
  tokenSink?(run: SinkRun, state: SendState): TokenSink;
  /** Notes an event that no handler wants: it may end a run. */
  skip(info: EventInfo, record: AnyEventRecord): void;
  /** Resolves when everything sent so far is handled and every handler has flushed, with the errors that handlers threw. */
  flush(): Promise<unknown[]>;
  /** Like `flush`, then lets the handlers close. Ends the threads even if one fails. Resolves with the errors that handlers threw. */
  close(): Promise<unknown[]>;
  /** Ends the threads at once. Promises of events not yet done reject with `error`. */
  abort(error: SidecallError): Promise<void>;
  /** Calls a method of a handler in every thread. */
  call(call: RemoteCall): Promise<unknown[]>;
  stats(): readonly LaneCounts[];
}
