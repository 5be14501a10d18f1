import { performance } from "node:perf_hooks";
import type { Remote } from "comlink";
import type { SidecallError } from "../errors.ts";
import type { AnyEventRecord, EventInfo, EventRecord } from "../events.ts";
import { reportFailure } from "../failures.ts";
import { LaneCounters } from "../shared-memory/counters.ts";
import { allocateRing } from "../shared-memory/layout.ts";
import { decodeValue } from "../wire/codec.ts";
import { ACKNOWLEDGE, EVENT, type FrameHead, LATIN1_TOKEN } from "../wire/frames.ts";
import { encodeFields, type WireRun } from "../wire/records.ts";
import { Acknowledgements } from "./acknowledgements.ts";
import { Definitions } from "./definitions.ts";
import { type Definition, FrameWriter } from "./frame-writer.ts";
import { LaneThread } from "./lane-thread.ts";
import type { ResolvedOptions } from "./options.ts";
import type { HandlerContext, LaneControl, LaneReport, LoadedHandler, LoadSpec } from "./protocol.ts";
import { resultOf } from "./remote.ts";
import type { LaneStats } from "./stats.ts";

/** A lane whose threads die this often, and settle nothing in between, is given up. */
const MAX_DEATHS_WITHOUT_PROGRESS = 3;

export interface LaneOptions extends ResolvedOptions {
  readonly specs: readonly LoadSpec[];
  readonly context: HandlerContext;
}

/**
 * One lane as the main thread sees it: frames go in, acknowledgements and failures come back. It outlives its thread:
 * what a dead thread left in the ring is handled by the next.
 */
export class Lane {
  readonly #options: LaneOptions;
  readonly #ring: SharedArrayBuffer;
  readonly #writer: FrameWriter;
  readonly #thread: LaneThread;
  readonly #counters: LaneCounters;
  readonly #definitions: Definitions;
  readonly #acknowledgements = new Acknowledgements();
  #handlers: readonly LoadedHandler[] = [];
  #events = 0;
  #bytes = 0;
  #restarts = 0;
  #deathsWithoutProgress = 0;
  #settledAtDeath = 0;
  /** Settles when the thread that replaces a dead one has opened the lane, or the lane is given up. */
  #reopening: Promise<void> = Promise.resolve();
  #failure: SidecallError | undefined;

  constructor(options: LaneOptions) {
    this.#options = options;
    this.#ring = allocateRing(options.ringBytes);
    this.#counters = LaneCounters.allocate(options.specs.length);
    this.#writer = new FrameWriter(this.#ring, options);
    this.#definitions = new Definitions(this.#writer);
    this.#thread = new LaneThread(options, {
      onReport: (report) => this.#onReport(report),
      onDeath: (error) => this.#onDeath(error),
    });
  }

  async open(): Promise<readonly LoadedHandler[]> {
    const { specs, context, handlerTimeoutMillis } = this.#options;
    const runs = this.#definitions.known();
    const counters = this.#counters.buffer;
    const setup = { context, specs, ring: this.#ring, counters, runs, handlerTimeoutMillis };
    this.#handlers = await this.#thread.open(setup);
    return this.#handlers;
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
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.#events += 1;
    this.#thread.owe(true);
    const definition = this.#definitions.tell(runNumber);
    const { timestamp } = record;
    if (definition === undefined && record.event === "on_llm_new_token" && isPlainToken(record)) {
      const head = { kind: LATIN1_TOKEN, code: info.code, flags: 0, runNumber, timestamp };
      const textBytes = this.#writer.tryWriteText(head, record.token);
      if (textBytes >= 0) {
        this.#bytes += textBytes;
        this.#writer.wake(false);
        return undefined;
      }
    }
    const flags = acknowledge ? ACKNOWLEDGE : 0;
    const head = { kind: EVENT, code: info.code, flags, runNumber, timestamp };
    const payload = encodeFields(info, record);
    this.#bytes += payload.byteLength;
    const importance = info.phase === "data" ? "droppable" : "lifecycle";
    if (acknowledge) return this.#sendAwaited(head, payload, importance, definition);
    if (definition !== undefined || !this.#writer.tryWrite(head, payload))
      return this.#writer.buffer(head, payload, importance, definition);
    this.#writer.wake(false);
    return undefined;
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
        this.#acknowledgements.expect(this.#writer.position, waiter);
        this.#writer.wake(true);
        return;
      }
      const onWritten = (position: number) => this.#acknowledgements.expect(position, waiter);
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
    return this.#insist((control) => {
      const flushed = control.flush(position);
      this.#writer.wake(true);
      return flushed;
    });
  }

  /** Like `flush`, then lets the handlers close; ends the thread, whatever fails. Gives back what handlers threw. */
  async close(): Promise<unknown[]> {
    try {
      const failures = await this.flush();
      return [...failures, ...(await this.#insist((control) => control.close()))];
    } finally {
      await this.#thread.terminate();
    }
  }

  async call(handler: number, method: string, args: readonly unknown[]): Promise<unknown> {
    return resultOf(await this.#ask((control) => control.call(handler, method, args)));
  }

  /** Ends the thread; what is not handled is given up and rejects with `error`. */
  async abort(error: SidecallError): Promise<void> {
    this.#fail(error);
    await this.#thread.terminate();
  }

  stats(): LaneStats {
    const { bufferedBytes } = this.#writer;
    const { settled, redelivered } = this.#counters;
    const unsettled = this.#events - settled - this.#writer.dropped;
    const isOver = this.#failure !== undefined;
    return {
      events: this.#events,
      bytes: this.#bytes,
      dropped: isOver ? this.#writer.dropped + unsettled : this.#writer.dropped,
      depth: isOver ? 0 : unsettled,
      bufferedBytes,
      redelivered,
      restarts: this.#restarts,
      acknowledged: this.#acknowledgements.latency,
      handlers: this.#handlers.map(({ name }, i) => ({
        name,
        handled: this.#counters.handled(i),
        failed: this.#counters.failed(i),
      })),
    };
  }

  /** Asks the thread, and its successor if it ends before it answers. */
  async #insist(
    question: (control: Remote<LaneControl>) => Promise<readonly Uint8Array[]>,
  ): Promise<unknown[]> {
    for (;;) {
      await this.#reopening;
      const restarts = this.#restarts;
      try {
        return (await this.#ask(question)).map(decodeValue);
      } catch (error) {
        if (restarts === this.#restarts) throw error;
      }
    }
  }

  /** Asks the thread. A lane that is given up says why. */
  async #ask<T>(question: (control: Remote<LaneControl>) => Promise<T>): Promise<T> {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return await this.#thread.request(question);
    } catch (error) {
      throw this.#failure ?? error;
    }
  }

  #onReport({ settled, failures, idle }: LaneReport): void {
    for (const { error, ...failure } of failures) reportFailure({ ...failure, error: decodeValue(error) });
    for (const [position, raised] of settled) {
      this.#acknowledgements.settle(
        position,
        raised === undefined ? undefined : { error: decodeValue(raised) },
      );
    }
    if (idle && this.#writer.isSettled && this.#acknowledgements.size === 0) this.#thread.owe(false);
  }

  #onDeath(error: SidecallError): void {
    // Ended while it was being replaced.
    if (this.#failure !== undefined) return;
    this.#restarts += 1;
    this.#acknowledgements.settleThrough(this.#writer.released);
    for (const position of this.#writer.settledPositions()) this.#acknowledgements.settle(position);
    const { settled } = this.#counters;
    this.#deathsWithoutProgress = settled === this.#settledAtDeath ? this.#deathsWithoutProgress + 1 : 1;
    this.#settledAtDeath = settled;
    if (this.#deathsWithoutProgress >= MAX_DEATHS_WITHOUT_PROGRESS) {
      this.#fail(error);
      return;
    }
    process.emitWarning(`${error.message} Another takes over.`, {
      type: "SidecallWarning",
      code: error.code,
    });
    this.#reopening = this.open().then(
      () => undefined,
      (openError: SidecallError) => {
        if (openError.code === "SIDECALL_LANE_DIED") this.#onDeath(openError);
        else this.#fail(openError);
      },
    );
  }

  #fail(error: SidecallError): void {
    this.#failure ??= error;
    this.#writer.stop(error);
    this.#acknowledgements.rejectAll(error);
    this.#thread.owe(false);
    void this.#thread.terminate();
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
