import { attempt } from "../common/attempt.ts";
import { markInstances } from "../common/copies.ts";

/** Reasons for which a value does not cross as itself. */
export type StandInReason =
  | "function"
  | "symbol"
  | "cycle"
  | "too deep"
  | "too large"
  | "unreadable"
  | "not cloneable";

/**
 * Takes the place of a value that cannot cross to a worker thread; `reason` gives the cause, `text` describes the value,
 * and `details`, if there are any, hold what can be said of it, such as a Response's status and headers.
 * Recognise one by `instanceof StandIn`; as JSON it is `{ "standIn": reason, "text": text, ...details }`.
 */
export class StandIn {
  readonly reason: StandInReason;
  readonly text: string;
  declare readonly details?: Readonly<Record<string, unknown>>;

  constructor(reason: StandInReason, text: string, details?: Readonly<Record<string, unknown>>) {
    this.reason = reason;
    this.text = text;
    if (details !== undefined) this.details = details;
  }

  toJSON(): { readonly standIn: StandInReason; readonly text: string; readonly [detail: string]: unknown } {
    return { ...this.details, standIn: this.reason, text: this.text };
  }
}
markInstances(StandIn, "stand-in.v1");

/** The stand-in of a value that threw `error` when it was read, here or on the thread that it came from. */
export function unreadable(error: unknown): StandIn {
  const message = attempt(() => (error instanceof Error ? String(error.message) : ""));
  return new StandIn("unreadable", message ?? "");
}
