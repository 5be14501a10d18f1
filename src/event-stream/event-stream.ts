import { AsyncResource } from "node:async_hooks";
import { SidecallError } from "../common/errors.ts";
import { isAbortOf, onAbort } from "../common/signals.ts";
import { tolerated } from "../common/thenable.ts";
import { NO_RUN, reportIfUnawaited } from "../core/unawaited.ts";
import { afterAbort } from "../managers/body-ends.ts";
import type { OpenRuns } from "../managers/open-runs.ts";
import type { EventBuffer } from "./event-buffer.ts";
import type { StreamEvent } from "./stream-event.ts";

/** The parts that `streamEvents` makes a stream of. */
interface Parts {
  /** Runs the streamed function. */
  readonly body: () => Promise<unknown>;
  readonly buffer: EventBuffer<StreamEvent>;
  /** The function's runs that have not ended. */
  readonly openRuns: OpenRuns;
  /** Aborts the signal that the function gets. */
  readonly cancel: AbortController;
  /** The signal that the caller gave. */
  readonly outside: AbortSignal | undefined;
}

type Outcome = { readonly result: unknown } | { readonly error: unknown };

/** Stands in reports for the call of the function, or of `next`. */
const UNAWAITED = { handler: "streamEvents", event: "on_chain_error", runId: NO_RUN } as const;

function left(): SidecallError {
  const message =
    "Expected the event stream to be read to its end, got a consumer that left it; stop the function's runs.";
  return new SidecallError("SIDECALL_STREAM_LEFT", message);
}

/**
 * Iterates over the events of the runs that a function starts; made by `streamEvents`. Leaving the iteration early aborts
 * `signal` and drops all further events, without waiting until the function has stopped. If the stream is left or aborted, or
 * the function fails, each of its runs that is still open gets an error event, the deepest first; what the function sends of
 * them later reaches no handler.
 */
export class EventStream<Result = unknown> implements AsyncIterableIterator<StreamEvent> {
  /**
   * Resolves with the function's result, or rejects with its error, or with the reason why it never started. Settles after
   * the stream is read or left. Ignoring it is safe: a rejection without a handler is not reported as unhandled; an error of
   * the function after the stream was left goes to `onHandlerError`, unless the abort of `signal` has caused it.
   */
  readonly result: Promise<Result>;
  readonly #parts: Parts;
  #state: "ready" | "running" | "settled" = "ready";
  #isLeft = false;
  /** Unsubscribes, so that a signal that outlives the stream does not retain it. */
  #release: () => void = () => {};
  #settleResult: (outcome: Outcome) => void = () => {};

  constructor(parts: Parts) {
    this.#parts = parts;
    const result = new Promise<Result>((resolve, reject) => {
      this.#settleResult = (outcome) =>
        "error" in outcome ? reject(outcome.error) : resolve(outcome.result as Result);
    });
    // Who reads on gets the error by the iteration.
    this.result = reportIfUnawaited(result, (error) => (this.#isLeft ? this.#callOf(error) : undefined));
  }

  /** Aborts when the consumer leaves before the function has ended, or when the caller's own signal does. */
  get signal(): AbortSignal {
    return this.#parts.cancel.signal;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /**
   * Resolves with the next event; the first call starts the function. If the function fails or the caller's signal
   * aborts, rejects with that error or reason once the events before it are read.
   */
  next(): Promise<IteratorResult<StreamEvent, undefined>> {
    if (this.#state === "ready") this.#begin();
    const { buffer } = this.#parts;
    if (buffer.length > 0) return buffer.next();
    return reportIfUnawaited(buffer.next(), (error) => this.#callOf(error));
  }

  /** Leaves the iteration; `signal` aborts with a SidecallError with code SIDECALL_STREAM_LEFT. */
  async return(): Promise<IteratorResult<StreamEvent, undefined>> {
    await this.#leave(left());
    return { done: true, value: undefined };
  }

  /** Leaves the iteration; `signal` aborts with `error`, and the call rejects with it. */
  throw(error: unknown): Promise<IteratorResult<StreamEvent, undefined>> {
    const thrown = this.#leave(error).then(() => {
      throw error;
    });
    return tolerated(thrown);
  }

  /** Leaves the iteration. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#leave(left());
  }

  /** The call that an error belongs to, for a report; undefined if an abort has caused it. */
  #callOf(error: unknown): typeof UNAWAITED | undefined {
    return isAbortOf(this.signal, error) ? undefined : UNAWAITED;
  }

  #begin(): void {
    const { outside, body } = this.#parts;
    if (outside?.aborted) {
      this.#abort();
      return;
    }
    this.#state = "running";
    if (outside !== undefined)
      this.#release = onAbort(
        outside,
        AsyncResource.bind(() => this.#abort()),
      );
    void body().then(
      (result) => this.#settle({ result }),
      (error: unknown) => this.#settle({ error }),
    );
  }

  /** The caller's signal has aborted. Ends the iteration soon: the function may take long to stop. */
  #abort(): void {
    const error: unknown = this.#parts.outside?.reason;
    void this.#stop(error).then(() => this.#parts.buffer.close({ error }));
  }

  #leave(reason: unknown): Promise<void> {
    this.#isLeft = true;
    this.#parts.buffer.discard();
    return this.#stop(reason);
  }

  /** Aborts the function's signal. Resolves when the runs that it leaves open have been sent their errors. */
  async #stop(reason: unknown): Promise<void> {
    this.#release();
    if (this.#state === "settled") return;
    this.#parts.cancel.abort(reason);
    if (this.#state === "ready") this.#settle({ error: reason });
    await new Promise<void>(afterAbort);
    this.#failRuns(reason);
  }

  #settle(outcome: Outcome): void {
    this.#state = "settled";
    this.#release();
    if ("error" in outcome) this.#failRuns(outcome.error);
    this.#settleResult(outcome);
    this.#parts.buffer.close("error" in outcome ? outcome : {});
  }

  /** Sends the open runs their error without waiting for handlers, since those may wait for the consumer. */
  #failRuns(error: unknown): void {
    void this.#parts.openRuns.fail(error, isAbortOf(this.signal, error));
  }
}
