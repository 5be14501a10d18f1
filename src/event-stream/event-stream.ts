import { SidecallError } from "../common/errors.ts";
import type { EventBuffer } from "./event-buffer.ts";
import type { StreamEvent } from "./stream-event.ts";

/** What a stream is made of. */
interface Parts {
  /** Runs what is streamed. */
  readonly body: () => Promise<unknown>;
  readonly buffer: EventBuffer<StreamEvent>;
  /** Tells the body to stop. */
  readonly cancel: AbortController;
  /** The caller's own signal. */
  readonly outside: AbortSignal | undefined;
}

type Outcome = { readonly result: unknown } | { readonly error: unknown };

function left(): SidecallError {
  const message = "The consumer of the event stream left before the run had ended; the run is to stop.";
  return new SidecallError("SIDECALL_STREAM_LEFT", message);
}

/**
 * The events of what a function runs, as an iteration; made by `streamEvents`. Leaving it early aborts `signal`, drops
 * all further events, and does not wait until the function has stopped.
 */
export class EventStream implements AsyncIterableIterator<StreamEvent, undefined> {
  /**
   * What the function returned, or its error; if it never started, why. Comes once the stream is read or left, and
   * need not be looked at: an error that nobody asks for here is no unhandled rejection.
   */
  readonly result: Promise<unknown>;
  readonly #parts: Parts;
  #state: "ready" | "running" | "settled" = "ready";
  #settleResult: (outcome: Outcome) => void = () => {};

  constructor(parts: Parts) {
    this.#parts = parts;
    this.result = new Promise((resolve, reject) => {
      this.#settleResult = (outcome) =>
        "error" in outcome ? reject(outcome.error) : resolve(outcome.result);
    });
    this.result.catch(() => {});
  }

  /** Aborted when the consumer leaves before the function has ended, or when the caller's own signal is. */
  get signal(): AbortSignal {
    return this.#parts.cancel.signal;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /**
   * The next event; the first call starts the function. When the function has failed or the caller's signal is aborted,
   * rejects with that error or reason once the events before it are read.
   */
  next(): Promise<IteratorResult<StreamEvent, undefined>> {
    if (this.#state === "ready") this.#begin();
    return this.#parts.buffer.next();
  }

  /** Leaves the iteration. The signal's reason is a SidecallError with code SIDECALL_STREAM_LEFT. */
  async return(): Promise<IteratorResult<StreamEvent, undefined>> {
    this.#leave(left());
    return { done: true, value: undefined };
  }

  /** Leaves the iteration with an error, which is the signal's reason, and rejects with it. */
  async throw(error: unknown): Promise<IteratorResult<StreamEvent, undefined>> {
    this.#leave(error);
    throw error;
  }

  /** Leaves the iteration. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#leave(left());
  }

  #begin(): void {
    const { outside, body } = this.#parts;
    if (outside?.aborted) {
      this.#abort();
      return;
    }
    this.#state = "running";
    outside?.addEventListener("abort", this.#abort, { once: true });
    void body().then(
      (result) => this.#settle({ result }),
      (error: unknown) => this.#settle({ error }),
    );
  }

  /** The caller's signal is aborted: the consumer need not wait until the function has stopped. */
  readonly #abort = (): void => {
    const error: unknown = this.#parts.outside?.reason;
    this.#parts.buffer.close({ error });
    this.#stop(error);
  };

  #leave(reason: unknown): void {
    this.#parts.buffer.discard();
    this.#stop(reason);
  }

  #stop(reason: unknown): void {
    this.#release();
    if (this.#state === "settled") return;
    this.#parts.cancel.abort(reason);
    if (this.#state === "ready") this.#settle({ error: reason });
  }

  #settle(outcome: Outcome): void {
    this.#state = "settled";
    this.#release();
    this.#settleResult(outcome);
    this.#parts.buffer.close("error" in outcome ? outcome : {});
  }

  /** A signal that outlives the stream must not hold it. */
  #release(): void {
    this.#parts.outside?.removeEventListener("abort", this.#abort);
  }
}
