import type { MessagePort } from "node:worker_threads";
import type { ErrorCode } from "../common/errors.ts";
import type { EventName } from "../core/events.ts";
import type { HandlerContext } from "../core/handler.ts";
import type { Misnamed } from "../core/misnamed.ts";
import type { Parcel } from "./parcel.ts";

/*
 * Messages between the main thread and worker threads, besides the frames in the rings. Types only.
 */

/** A handler to load, checked and cloneable. */
export interface LoadSpec {
  readonly href: string;
  readonly exportName: string;
  readonly options: unknown;
  readonly name: string | undefined;
}

/** Argument of the task that makes a thread into a lane. */
export interface LaneSetup {
  readonly context: HandlerContext;
  readonly specs: readonly LoadSpec[];
  readonly ring: SharedArrayBuffer;
  readonly counters: SharedArrayBuffer;
  /** Carries {@link LaneReport}s to the main thread. */
  readonly reports: MessagePort;
  /** Carries {@link ThreadControl} by Comlink. */
  readonly control: MessagePort;
  /** Runs that the ring's frames may name without defining them: their msgpack, by number. */
  readonly runs: readonly (readonly [runNumber: number, run: Uint8Array])[];
  readonly handlerTimeoutMillis: number;
}

/** Description of a handler that was loaded in a worker. */
export interface LoadedHandler {
  readonly name: string;
  /** The events that it wants: bit n for wire code n. */
  readonly interest: number;
  readonly raiseError: boolean;
  /** Methods to warn of. */
  readonly misnamed: readonly Misnamed[];
}

/** An error with its code, across threads; `cause` is msgpack. */
export interface CodedFailure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly cause: Uint8Array;
}

/** Result of loading: errors cross as values, since a thrown one would lose its code. */
export type LoadResult = { readonly handlers: readonly LoadedHandler[] } | { readonly failure: CodedFailure };

/** One handler's failure at one event; `error` is msgpack. */
export interface WireFailure {
  readonly handler: string;
  readonly event: EventName;
  readonly runId: string;
  readonly error: Uint8Array;
}

/** A message from a lane, collected over a turn of its loop. */
export interface LaneReport {
  /** Positions of acknowledged events; with the msgpack of the error that the caller's promise has to reject with. */
  readonly acknowledged: readonly (readonly [position: number, raised?: Uint8Array])[];
  readonly failures: readonly WireFailure[];
  /** Everything in the ring is released and the lane goes to sleep. */
  readonly isIdle: boolean;
}

/** Requests that a thread answers. Failures come back as msgpack. */
export interface ThreadControl {
  /** Waits until all before `position` is released, then lets every handler flush. Gives back their failures. */
  flush(position: number): Promise<readonly Uint8Array[]>;
  /** Lets every handler close. Gives back their failures. */
  close(): Promise<readonly Uint8Array[]>;
  /** Calls a method of a handler. What it throws comes back as msgpack, which keeps an error's own properties. */
  call(handler: number, method: string, args: Parcel): Promise<CallResult>;
}

/** Either what the method returned, or the msgpack of what it threw. */
export interface CallResult {
  readonly returned?: Parcel;
  readonly error?: Uint8Array;
}

/** `workerData` of a thread that runs tasks. */
export interface TaskSetup {
  readonly specs: readonly LoadSpec[];
  readonly context: HandlerContext;
  readonly handlerTimeoutMillis: number;
}

/** Argument of the task that loads the handlers of a thread. */
export interface LoadRequest {
  /** Carries {@link ThreadControl} by Comlink. */
  readonly control: MessagePort;
  /** Memory of a barrier at which every load request waits for all others, so that each thread takes one. */
  readonly barrier: SharedArrayBuffer;
}

/** Argument of the task that handles one event. */
export interface EventTask {
  /** msgpack of the run. */
  readonly run: Uint8Array;
  readonly code: number;
  readonly timestamp: number;
  /** msgpack of the event's own fields. */
  readonly payload: Uint8Array;
}

/** Result of one event's task. */
export interface TaskResult {
  /** Indexes of the handlers that settled it without failing. */
  readonly handled: readonly number[];
  /** msgpack of the error that the caller's promise has to reject with, if it waits; it is among the failures too. */
  readonly raised: Uint8Array | undefined;
  readonly failures: readonly (WireFailure & { readonly index: number })[];
}
