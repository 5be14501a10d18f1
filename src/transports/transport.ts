import type { SidecallError } from "../common/errors.ts";
import type { AnyEventRecord, EventInfo } from "../core/events.ts";
import type { SinkRun, TokenSink } from "../core/relay.ts";
import type { LoadedHandler } from "../wire/protocol.ts";
import type { Overhead } from "./overhead.ts";
import type { LaneCounts } from "./stats.ts";

/** What every event of an off-thread handler passes. */
export interface SendState {
  /** Events are taken while it is "open". It goes from there to "closing" and "closed", or to "closed" at once. */
  phase: "open" | "closing" | "closed";
  readonly overhead: Overhead;
}

/** How events reach the threads: over lanes, in the order of their traces, or as tasks for any thread. */
export interface Transport {
  /** Starts the threads and loads the handlers in each. Rejects with a coded error; then `abort`. */
  open(): Promise<readonly LoadedHandler[]>;
  /** An event comes, of this trace if it has one yet, for which somebody waits: time to wake a thread. */
  prewake?(traceId: string | undefined): void;
  /**
   * Sends one event. Undefined: it is queued and nobody waits for more. Else a promise that resolves when it is handled,
   * with `acknowledge`, or queued.
   */
  send(info: EventInfo, record: AnyEventRecord, acknowledge: boolean): Promise<void> | undefined;
  /** What takes a run's plain tokens, where that is cheaper than `send`. */
  tokenSink?(run: SinkRun, state: SendState): TokenSink;
  /** Hears of an event that no handler wants: it may end a run. */
  skip(info: EventInfo, record: AnyEventRecord): void;
  /** Resolves when everything sent so far is handled and every handler has flushed; gives back what handlers threw. */
  flush(): Promise<unknown[]>;
  /** Like `flush`, then lets the handlers close; ends the threads, whatever fails. Gives back what handlers threw. */
  close(): Promise<unknown[]>;
  /** Ends the threads at once; what is not handled rejects with `error`. */
  abort(error: SidecallError): Promise<void>;
  /** Calls a method of a handler in every thread. */
  call(handler: number, method: string, args: readonly unknown[]): Promise<unknown[]>;
  stats(): readonly LaneCounts[];
}
