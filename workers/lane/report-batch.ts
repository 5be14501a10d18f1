import type { MessagePort } from "node:worker_threads";
import type { EventOfRun } from "../../src/core/deliver.ts";
import type { LaneReport, WireFailure } from "../../src/wire/protocol.ts";
import { encodeError } from "../encode-error.ts";

/** Collects a lane's acknowledgements and failures, so that a turn of its loop costs the main thread one message. */
export class ReportBatch {
  readonly #port: MessagePort;
  #acknowledged: LaneReport["acknowledged"][number][] = [];
  #failures: WireFailure[] = [];
  #hasRaised = false;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  /** Whether a failure, or an error that an acknowledgement raises, has not been posted yet. */
  get hasFailures(): boolean {
    return this.#failures.length > 0 || this.#hasRaised;
  }

  acknowledge(position: number, raised: { readonly error: unknown } | undefined): void {
    this.#acknowledged.push(raised === undefined ? [position] : [position, encodeError(raised.error)]);
    if (raised !== undefined) this.#hasRaised = true;
  }

  fail(handler: string, { event, runId }: EventOfRun, error: unknown): void {
    this.#failures.push({ handler, event, runId, error: encodeError(error) });
  }

  /** Drops acknowledgements that the main thread finds in the ring by itself. Call it only without failures. */
  dropSeen(isSeen: (position: number) => boolean): void {
    this.#acknowledged = this.#acknowledged.filter(([position]) => !isSeen(position));
  }

  /** Posts what has collected, if anything has or `isIdle` is news. */
  post(isIdle: boolean): void {
    if (this.#acknowledged.length === 0 && this.#failures.length === 0 && !isIdle) return;
    const report = {
      acknowledged: this.#acknowledged,
      failures: this.#failures,
      isIdle,
    } satisfies LaneReport;
    this.#port.postMessage(report);
    this.#acknowledged = [];
    this.#failures = [];
    this.#hasRaised = false;
  }
}
