import type { MessagePort } from "node:worker_threads";
import type { AnyEventRecord } from "../../src/core/events.ts";
import { encodeCopy } from "../../src/wire/codec.ts";
import type { LaneReport, WireFailure } from "../../src/wire/protocol.ts";

export type EventOfRun = Pick<AnyEventRecord, "event" | "runId">;

/** Collects what the main thread has to hear, so that a turn of the loop costs it one message. */
export class ReportBatch {
  readonly #port: MessagePort;
  #settled: LaneReport["settled"][number][] = [];
  #failures: WireFailure[] = [];
  #hasRaised = false;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  /** Whether something failed of which the main thread has not been told. */
  get hasFailures(): boolean {
    return this.#failures.length > 0 || this.#hasRaised;
  }

  acknowledge(position: number, raised: { readonly error: unknown } | undefined): void {
    this.#settled.push(raised === undefined ? [position] : [position, encodeCopy(raised.error)]);
    if (raised !== undefined) this.#hasRaised = true;
  }

  /** What the main thread sees for itself need not be told. To be called without failures. */
  forget(isSeen: (position: number) => boolean): void {
    this.#settled = this.#settled.filter(([position]) => !isSeen(position));
  }

  fail(handler: string, { event, runId }: EventOfRun, error: unknown): void {
    this.#failures.push({ handler, event, runId, error: encodeCopy(error) });
  }

  /** Posts what has collected, if anything has or `idle` is news. */
  post(idle: boolean): void {
    if (this.#settled.length === 0 && this.#failures.length === 0 && !idle) return;
    this.#port.postMessage({ settled: this.#settled, failures: this.#failures, idle } satisfies LaneReport);
    this.#settled = [];
    this.#failures = [];
    this.#hasRaised = false;
  }
}
