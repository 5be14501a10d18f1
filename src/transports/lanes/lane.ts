import { performance } from "node:perf_hooks";
import type { SidecallError } from "../../common/errors.ts";
import type { AnyEventRecord, EventInfo } from "../../core/events.ts";
import type { HandlerContext } from "../../core/handler.ts";
import { LaneCounters } from "../../shared-memory/counters.ts";
import { allocateRing } from "../../shared-memory/layout.ts";
import { decodeValue } from "../../wire/codec.ts";
import { ACKNOWLEDGE, EVENT, type FrameHead } from "../../wire/frames.ts";
import type { LaneReport, LaneSetup, LoadedHandler, LoadSpec } from "../../wire/protocol.ts";
import type { WireRun } from "../../wire/records.ts";
import { type EncodedEvent, encodeEvent, isPlainToken } from "../encode.ts";
import type { ResolvedOptions } from "../options.ts";
import { Refusals } from "../refusals.ts";
import { callThread, type RemoteCall, resultOf } from "../remote.ts";
import { balance, type LaneCounts } from "../stats.ts";
import { Acknowledgements } from "./acknowledgements.ts";
import { type Definition, FrameWriter } from "./frame-writer.ts";
import { LaneHost } from "./lane-host.ts";
import { LaneThread } from "./lane-thread.ts";
import { RunDefinitions } from "./run-definitions.ts";

export interface LaneOptions extends ResolvedOptions {
  readonly specs: readonly LoadSpec[];
  readonly context: Omit<HandlerContext, "restarts">;
}

/**
 * One lane as the main thread sees it: frames go in, acknowledgements and failures come back. It outlives its thread:
 * the next thread handles the entries that a dead one left in the ring.
 */
export class Lane {
  readonly #options: LaneOptions;
  readonly #ring: SharedArrayBuffer;
  readonly #writer: FrameWriter;
  readonly #thread: LaneThread;
  readonly #host: LaneHost;
  readonly #counters: LaneCounters;
  readonly #definitions: RunDefinitions;
  readonly #acknowledgements: Acknowledgements;
  readonly #refusals = new Refusals();
  #events = 0;
  #bytes = 0;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#ring = allocateRing(options.ringBytes);
    this.#counters = LaneCounters.allocate(options.specs.length);
    this.#writer = new FrameWriter(this.#ring, options);
    this.#definitions = new RunDefinitions(this.#writer, options.limits);
    this.#thread = new LaneThread(options, {
      onReport: (report) => this.#onReport(report),
      onDeath: (error) => this.#host.takeOver(error),
    });
    this.#host = new LaneHost(this.#thread, {
      setup: () => this.#setup(),
      doneEvents: () => this.#counters.done,
      answerFromRing: () => this.#acknowledgements.answerFromRing(),
      onGivenUp: (error) => this.#onGivenUp(error),
    });
    this.#acknowledgements = new Acknowledgements({
      writer: this.#writer,
      counters: this.#counters,
      pollReports: () => this.#thread.pollReports(),
    });
  }

  open(): Promise<readonly LoadedHandler[]> {
    return this.#host.open();
  }

  /** An event comes whose caller waits: the lane wakes while it is made. */
  prewake(): void {
    if (this.#host.failure === undefined) this.#writer.wake(true);
  }

  /** Gives a run the number by which its events are sent. */
  define(run: WireRun): number {
    return this.#definitions.define(run);
  }

  /** No event of this run follows. */
  retire(runNumber: number): void {
    this.#definitions.retire(runNumber);
  }

  /**
   * Sends an event of a run that is defined. Undefined: it is in the ring and there is nothing more to wait for. Else a
   * promise that resolves when it is handled, with `acknowledge`, or in the ring.
   */
  send(
    info: EventInfo,
    record: AnyEventRecord,
    runNumber: number,
    acknowledge: boolean,
  ): Promise<void> | undefined {
    const { failure } = this.#host;
    if (failure !== undefined) return Promise.reject(failure);
    if (record.event === "on_llm_new_token" && isPlainToken(record)) {
      if (this.sendToken(record.token, runNumber, record.timestamp)) return undefined;
    }
    this.#events += 1;
    this.#thread.ref();
    // The lane wakes while the event is encoded; it is woken again if it has gone back to sleep by then.
    if (acknowledge) this.#writer.wake(true);
    const definition = this.#definitions.ensureSent(runNumber);
    const event = encodeEvent(info, record, this.#options.limits);
    const { payload } = event;
    const refusal = this.#refusals.check(info, payload.byteLength, this.#host.handlers);
    if (refusal !== undefined) return Promise.reject(refusal);
    this.#bytes += payload.byteLength;
    const head = headOf(event, runNumber, acknowledge);
    if (acknowledge) return this.#sendAwaited(head, event, definition);
    if (definition !== undefined || !this.#writer.tryWrite(head, payload))
      return this.#writer.buffer(head, event, definition);
    this.#writer.wake(false);
    return undefined;
  }

  /** Sends a plain token of a run that is defined, if there is room for it now. `timestamp`: now, unless it is given. */
  sendToken(token: string, runNumber: number, timestamp?: number): boolean {
    if (this.#host.failure !== undefined || this.#definitions.ensureSent(runNumber) !== undefined)
      return false;
    const textBytes = this.#writer.tryWriteToken(token, runNumber, timestamp);
    if (textBytes < 0) return false;
    this.#events += 1;
    this.#bytes += textBytes;
    this.#thread.ref();
    return true;
  }

  /** Sends a frame whose caller waits until it is handled. */
  #sendAwaited(head: FrameHead, event: EncodedEvent, definition: Definition | undefined): Promise<void> {
    const sentAt = performance.now();
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject, sentAt };
      if (definition === undefined && this.#writer.tryWrite(head, event.payload)) {
        this.#writer.wake(true);
        this.#acknowledgements.addWaiter(this.#writer.position, waiter);
        return;
      }
      const onWritten = (position: number) => this.#acknowledgements.addWaiter(position, waiter);
      const onDropped = (error: Error | undefined) => (error === undefined ? resolve() : reject(error));
      // The receipt gets every outcome that this promise has.
      const receipt = { onWritten, onDropped };
      this.#writer.buffer(head, event, definition, receipt).catch(() => undefined);
    });
  }

  /** Resolves when everything sent so far is handled and every handler has flushed, with the errors that handlers threw. */
  async flush(): Promise<unknown[]> {
    await this.#writer.drained();
    const { position } = this.#writer;
    const failures = await this.#host.callWithRetry((control) => {
      const flushed = control.flush(position);
      this.#writer.wake(true);
      return flushed;
    });
    return failures.map(decodeValue);
  }

  /** Like `flush`, then lets the handlers close. Ends the thread even if one fails. Resolves with the errors that handlers threw. */
  async close(): Promise<unknown[]> {
    try {
      const flushFailures = await this.flush();
      const closeFailures = await this.#host.callWithRetry((control) => control.close());
      return [...flushFailures, ...closeFailures.map(decodeValue)];
    } finally {
      await this.#thread.terminate();
    }
  }

  async call(call: RemoteCall): Promise<unknown> {
    return resultOf(await this.#host.call((control) => callThread(control, call)));
  }

  /** Ends the thread. Events not yet done are given up, and their promises reject with `error`. */
  abort(error: SidecallError): Promise<void> {
    return this.#host.giveUp(error);
  }

  stats(): LaneCounts {
    const { bufferedBytes } = this.#writer;
    const { done, redelivered } = this.#counters;
    const isOver = this.#host.failure !== undefined;
    return {
      events: this.#events,
      bytes: this.#bytes,
      ...balance(this.#events, done + this.#refusals.events, this.#writer.dropped, isOver),
      bufferedBytes,
      redelivered,
      restarts: this.#host.restarts,
      acknowledged: this.#acknowledgements.latency,
      handlers: this.#host.handlers.map(({ name }, i) => ({
        name,
        handled: this.#counters.handled(i),
        failed: this.#counters.failed(i) + this.#refusals.failed(i),
      })),
    };
  }

  #setup(): Omit<LaneSetup, "reports" | "control"> {
    const { specs, handlerTimeoutMillis } = this.#options;
    const context = { ...this.#options.context, restarts: this.#host.restarts };
    const runs = this.#definitions.known();
    const counters = this.#counters.buffer;
    return { context, specs, ring: this.#ring, counters, runs, handlerTimeoutMillis };
  }

  #onReport(report: LaneReport): void {
    this.#acknowledgements.take(report);
    // Events may have been sent since the lane went to sleep.
    if (report.isIdle && this.#writer.isReleased && !this.#acknowledgements.areAwaited) this.#thread.unref();
  }

  #onGivenUp(error: SidecallError): void {
    this.#writer.stop(error);
    this.#acknowledgements.rejectAll(error);
  }
}

function headOf({ code, timestamp }: EncodedEvent, runNumber: number, acknowledge: boolean): FrameHead {
  return { kind: EVENT, code, flags: acknowledge ? ACKNOWLEDGE : 0, runNumber, timestamp };
}
