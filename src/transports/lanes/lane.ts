import { performance } from "node:perf_hooks";
import type { SidecallError } from "../../common/errors.ts";
import type { AnyEventRecord, EventInfo, EventRecord } from "../../core/events.ts";
import { LaneCounters } from "../../shared-memory/counters.ts";
import { allocateRing } from "../../shared-memory/layout.ts";
import { decodeValue } from "../../wire/codec.ts";
import { ACKNOWLEDGE, EVENT, type FrameHead } from "../../wire/frames.ts";
import type { HandlerContext, LaneReport, LaneSetup, LoadedHandler, LoadSpec } from "../../wire/protocol.ts";
import { encodeFields, type WireRun } from "../../wire/records.ts";
import type { ResolvedOptions } from "../options.ts";
import { resultOf } from "../remote.ts";
import { balance, type LaneStats } from "../stats.ts";
import { type Definition, FrameWriter } from "./frame-writer.ts";
import { LaneAnswers } from "./lane-answers.ts";
import { LaneHost } from "./lane-host.ts";
import { RunDefinitions } from "./run-definitions.ts";

export interface LaneOptions extends ResolvedOptions {
  readonly specs: readonly LoadSpec[];
  readonly context: Omit<HandlerContext, "restarts">;
}

/**
 * One lane as the main thread sees it: frames go in, acknowledgements and failures come back. It outlives its thread:
 * what a dead thread left in the ring is handled by the next.
 */
export class Lane {
  readonly #options: LaneOptions;
  readonly #ring: SharedArrayBuffer;
  readonly #writer: FrameWriter;
  readonly #host: LaneHost;
  readonly #counters: LaneCounters;
  readonly #definitions: RunDefinitions;
  readonly #answers: LaneAnswers;
  #events = 0;
  #bytes = 0;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#ring = allocateRing(options.ringBytes);
    this.#counters = LaneCounters.allocate(options.specs.length);
    this.#writer = new FrameWriter(this.#ring, options);
    this.#definitions = new RunDefinitions(this.#writer);
    this.#host = new LaneHost(options, {
      setup: () => this.#setup(),
      settled: () => this.#counters.settled,
      onReport: (report) => this.#onReport(report),
      onDeath: () => this.#answers.settleFromRing(),
      onGivenUp: (error) => this.#onGivenUp(error),
    });
    const pollReports = () => this.#host.pollReports();
    this.#answers = new LaneAnswers({ writer: this.#writer, counters: this.#counters, pollReports });
  }

  open(): Promise<readonly LoadedHandler[]> {
    return this.#host.open();
  }

  /** An event comes for which somebody waits: the lane wakes while it is made. */
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
   * Sends an event of a run that is defined. Undefined: it is in the ring and nobody waits for more. Else a promise that
   * resolves when it is handled, with `acknowledge`, or in the ring.
   */
  send(
    info: EventInfo,
    record: AnyEventRecord,
    runNumber: number,
    acknowledge: boolean,
  ): Promise<void> | undefined {
    const { failure } = this.#host;
    if (failure !== undefined) return Promise.reject(failure);
    const { timestamp } = record;
    if (record.event === "on_llm_new_token" && isPlainToken(record)) {
      if (this.sendToken(record.token, runNumber, timestamp)) return undefined;
    }
    this.#events += 1;
    this.#host.owe(true);
    // The lane wakes while the event is encoded; it is woken again if it has gone back to sleep by then.
    if (acknowledge) this.#writer.wake(true);
    const definition = this.#definitions.ensureSent(runNumber);
    const flags = acknowledge ? ACKNOWLEDGE : 0;
    const head = { kind: EVENT, code: info.code, flags, runNumber, timestamp };
    const payload = encodeFields(info, record);
    this.#bytes += payload.byteLength;
    const importance = info.droppable ? "droppable" : "lifecycle";
    if (acknowledge) return this.#sendAwaited(head, payload, importance, definition);
    if (definition !== undefined || !this.#writer.tryWrite(head, payload))
      return this.#writer.buffer(head, payload, importance, definition);
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
    this.#host.owe(true);
    return true;
  }

  /** Sends a frame for somebody who waits until it is handled. */
  #sendAwaited(
    head: FrameHead,
    payload: Uint8Array,
    importance: "lifecycle" | "droppable",
    definition: Definition | undefined,
  ): Promise<void> {
    const sentAt = performance.now();
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject, sentAt };
      if (definition === undefined && this.#writer.tryWrite(head, payload)) {
        this.#writer.wake(true);
        this.#answers.addWaiter(this.#writer.position, waiter);
        return;
      }
      const onWritten = (position: number) => this.#answers.addWaiter(position, waiter);
      const onDropped = (error: Error | undefined) => (error === undefined ? resolve() : reject(error));
      // The receipt hears all that this promise does.
      const receipt = { onWritten, onDropped };
      this.#writer.buffer(head, payload, importance, definition, receipt).catch(() => undefined);
    });
  }

  /** Resolves when everything sent so far is handled and every handler has flushed; gives back what handlers threw. */
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

  /** Like `flush`, then lets the handlers close; ends the thread, whatever fails. Gives back what handlers threw. */
  async close(): Promise<unknown[]> {
    try {
      const flushFailures = await this.flush();
      const closeFailures = await this.#host.callWithRetry((control) => control.close());
      return [...flushFailures, ...closeFailures.map(decodeValue)];
    } finally {
      await this.#host.end();
    }
  }

  async call(handler: number, method: string, args: readonly unknown[]): Promise<unknown> {
    return resultOf(await this.#host.call((control) => control.call(handler, method, args)));
  }

  /** Ends the thread; what is not handled is given up and rejects with `error`. */
  abort(error: SidecallError): Promise<void> {
    return this.#host.giveUp(error);
  }

  stats(): LaneStats {
    const { bufferedBytes } = this.#writer;
    const { settled, redelivered } = this.#counters;
    const isOver = this.#host.failure !== undefined;
    return {
      events: this.#events,
      bytes: this.#bytes,
      ...balance(this.#events, settled, this.#writer.dropped, isOver),
      bufferedBytes,
      redelivered,
      restarts: this.#host.restarts,
      acknowledged: this.#answers.latency,
      handlers: this.#host.handlers.map(({ name }, i) => ({
        name,
        handled: this.#counters.handled(i),
        failed: this.#counters.failed(i),
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
    this.#answers.take(report);
    if (report.idle && this.#writer.isSettled && !this.#answers.areAwaited) this.#host.owe(false);
  }

  #onGivenUp(error: SidecallError): void {
    this.#writer.stop(error);
    this.#answers.rejectAll(error);
  }
}

/** The common token, which crosses as its bare text. */
function isPlainToken({ token, index, chunk }: EventRecord<"on_llm_new_token">): boolean {
  if (chunk !== undefined || typeof token !== "string") return false;
  try {
    return index.prompt === 0 && index.completion === 0;
  } catch {
    // Encoding puts a stand-in where an index cannot be read.
    return false;
  }
}
