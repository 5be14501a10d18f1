import { SidecallError } from "../common/errors.ts";
import { millis, type OptionsOf, resolve } from "../common/options.ts";
import { withTimeLimit } from "../common/time-limit.ts";
import { isInterested } from "../core/deliver.ts";
import { type AnyEventRecord, EVENT_INFO, type EventName } from "../core/events.ts";
import { unwrapReported } from "../core/failures.ts";
import { asRelay, RELAY, type RelayHandler, type SinkRun, type TokenSink } from "../core/relay.ts";
import type { ResolvedOptions } from "../transports/options.ts";
import { Overhead } from "../transports/overhead.ts";
import { type Remote, remoteOf, remotesOf, type UntypedHandler } from "../transports/remote.ts";
import { type OffThreadStats, summarize } from "../transports/stats.ts";
import type { SendState, Transport } from "../transports/transport.ts";
import { packParcel } from "../wire/parcel.ts";
import type { LoadedHandler } from "../wire/protocol.ts";

const CLOSE_OPTIONS = {
  /** Time limit for queued events and for closing the handlers; beyond it, everything is aborted. Above 0. @default Infinity */
  timeoutMillis: millis(Number.POSITIVE_INFINITY),
};
export type CloseOptions = OptionsOf<typeof CLOSE_OPTIONS>;

/**
 * Handlers on worker threads, as one handler: give it to a manager like any other. It has no event methods but
 * `onEvent`; events that no handler in the threads wants never leave the main thread.
 */
export class OffThreadHandler<
  Handler extends object = UntypedHandler,
  Remotes extends object = Readonly<Record<string, Remote<Handler>>>,
> implements RelayHandler
{
  readonly name: string;
  /** Whether a rejection must reach the caller: a handler in a thread raises errors, or overflow throws. */
  readonly raiseError: boolean;
  /** The first handler's methods, called in every thread: one result per thread. */
  readonly remote: Remote<Handler>;
  /** Each handler's methods likewise, by the handlers' names. A name that no handler has throws SIDECALL_REMOTE_HANDLER. */
  readonly remotes: Remotes;
  readonly [RELAY]: RelayHandler[typeof RELAY] = asRelay({
    prewake: (event, traceId) => this.#prewake(event, traceId),
    onEvent: OffThreadHandler.prototype.onEvent,
    send: (record) => this.#send(record),
    tokenSink: (run) => this.#tokenSink(run),
  });
  readonly #transport: Transport;
  readonly #interest: number;
  readonly #resolvesQueued: boolean;
  /** The handler's life: open, then closing or at once closed. All ways of sending ask it. */
  readonly #life: SendState = {
    phase: "open",
    overhead: new Overhead(() => ({ handler: this.name, stats: this.stats() })),
  };
  /** The promise of the first `close` or `abort`, which every later `close` returns. */
  #ended: Promise<void> | undefined;
  #aborted: Promise<void> | undefined;

  /** Made by `offThread`. */
  constructor(transport: Transport, handlers: readonly LoadedHandler[], options: ResolvedOptions) {
    const raises = handlers.some((handler) => handler.raiseError);
    this.name = handlers.map(({ name }) => name).join("+");
    this.raiseError = raises || options.overflow === "throw";
    this.#transport = transport;
    this.#interest = handlers.reduce((bits, { interest }) => bits | interest, 0);
    this.#resolvesQueued = options.acknowledge === "queued" && !raises;
    const remotes = handlers.map(({ name }, i) => {
      const remote = remoteOf<Handler>((method, args) => this.#call(i, name, method, args));
      return [name, remote] as const;
    });
    this.remote = remotes[0]?.[1] as Remote<Handler>;
    this.remotes = remotesOf<Remotes>(Object.fromEntries(remotes));
  }

  get #isOpen(): boolean {
    return this.#life.phase === "open";
  }

  #prewake(event: EventName, traceId: string | undefined): void {
    if (!this.#isOpen || this.#resolvesQueued) return;
    if (isInterested(this.#interest, EVENT_INFO[event])) this.#transport.prewake?.(traceId);
  }

  onEvent(record: AnyEventRecord): Promise<void> | undefined {
    return this.#send(record)?.catch((error: unknown) => {
      throw unwrapReported(error);
    });
  }

  /** Rejects with a ReportedFailure for a failure that is raised. */
  #send(record: AnyEventRecord): Promise<void> | undefined {
    const { overhead } = this.#life;
    const start = overhead.begin();
    const sent = this.#pass(record);
    overhead.end(start);
    return sent;
  }

  #pass(record: AnyEventRecord): Promise<void> | undefined {
    const info = EVENT_INFO[record.event];
    if (!this.#isOpen) return Promise.reject(this.#closedError(record.event));
    if (!isInterested(this.#interest, info)) {
      this.#transport.skip(info, record);
      return undefined;
    }
    const acknowledge = !this.#resolvesQueued && record.event !== "on_llm_new_token";
    return this.#transport.send(info, record, acknowledge);
  }

  #tokenSink(run: SinkRun): TokenSink | undefined {
    // No handler there wants tokens: they are accepted, and go no further.
    if (!isInterested(this.#interest, EVENT_INFO.on_llm_new_token)) {
      return { write: () => this.#isOpen };
    }
    return this.#transport.tokenSink?.(run, this.#life);
  }

  /**
   * Resolves when every event so far is handled and every handler has flushed. Rejects if a handler's `flush` did. While the
   * handler closes, the same as `close`.
   */
  async flush(): Promise<void> {
    if (this.#life.phase === "closing") return this.#ended;
    if (this.#life.phase === "closed") return;
    throwFailures("flush", await this.#transport.flush());
  }

  /**
   * Takes no more events, has every queued one handled, lets the handlers flush and close, and ends the threads. Rejects if
   * a handler's `flush` or `close` did; with SIDECALL_TIMEOUT, after aborting, if it takes longer than `timeoutMillis`.
   * Closing again gives the same promise.
   */
  close(options: CloseOptions = {}): Promise<void> {
    const { timeoutMillis } = resolve("options", CLOSE_OPTIONS, options);
    this.#ended ??= this.#close(timeoutMillis);
    return this.#ended;
  }

  /** Ends the threads at once. Events not yet handled count as dropped, and their promises reject with SIDECALL_ABORTED. */
  async abort(): Promise<void> {
    if (this.#life.phase === "closed") return this.#aborted;
    this.#life.phase = "closed";
    const { depth } = this.stats();
    const message = `The off-thread handler was aborted; ${depth} events were not handled.`;
    this.#aborted = this.#transport.abort(new SidecallError("SIDECALL_ABORTED", message));
    this.#ended ??= this.#aborted;
    await this.#aborted;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  stats(): OffThreadStats {
    return summarize(this.#transport.stats(), this.#life.overhead.stats());
  }

  async #call(index: number, handler: string, method: string, args: readonly unknown[]): Promise<unknown[]> {
    if (this.#life.phase === "closed") throw this.#closedError(`call of ${method}`);
    const packed = packParcel(args, { handler, method, role: "arguments" });
    return this.#transport.call({ index, handler, method, args: packed });
  }

  async #close(timeoutMillis: number): Promise<void> {
    this.#life.phase = "closing";
    const onLate = () => this.#abortLate(timeoutMillis);
    try {
      throwFailures("close", await withTimeLimit(this.#transport.close(), timeoutMillis, onLate));
    } finally {
      this.#life.phase = "closed";
    }
  }

  async #abortLate(timeoutMillis: number): Promise<SidecallError> {
    const { depth } = this.stats();
    await this.abort();
    return new SidecallError(
      "SIDECALL_TIMEOUT",
      `Closing took longer than ${timeoutMillis} ms; ${depth} events were not handled. Allow more time or add threads.`,
    );
  }

  #closedError(event: string): SidecallError {
    const message = `The off-thread handler ${this.name} is closed and takes no ${event}. Close it after the last run.`;
    return new SidecallError("SIDECALL_CLOSED", message);
  }
}

function throwFailures(verb: string, failures: readonly unknown[]): void {
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1)
    throw new AggregateError(failures, `${failures.length} handlers failed to ${verb}`);
}
