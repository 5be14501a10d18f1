import { SidecallError } from "../common/errors.ts";
import { isInterested } from "../core/deliver.ts";
import type { EventInfo } from "../core/events.ts";
import type { LoadedHandler } from "../wire/protocol.ts";

/** A frame's length has 30 bits, and an event is copied on its way; limits that let one become so large serve nothing. */
export const MAX_EVENT_BYTES = 256 * 1024 * 1024;

/** Events that are refused before they reach a thread: each counts as failed, for every handler that wants it. */
export class Refusals {
  readonly #failed: number[] = [];
  #events = 0;

  /** Events refused so far. */
  get events(): number {
    return this.#events;
  }

  /** Those that the handler at this index wanted. */
  failed(handler: number): number {
    return this.#failed[handler] ?? 0;
  }

  /** Counts an event that is too large for a frame, and returns the error for it; undefined for any other event. */
  check(info: EventInfo, bytes: number, handlers: readonly LoadedHandler[]): SidecallError | undefined {
    if (bytes <= MAX_EVENT_BYTES) return undefined;
    this.#events += 1;
    for (const [i, { interest }] of handlers.entries()) {
      if (isInterested(interest, info)) this.#failed[i] = this.failed(i) + 1;
    }
    return new SidecallError(
      "SIDECALL_EVENT_TOO_LARGE",
      `Expected ${info.event} to take at most ${MAX_EVENT_BYTES} bytes, got ${bytes}. Lower \`limits.bytes\`, or pass less.`,
    );
  }
}
