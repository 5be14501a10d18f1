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
 * Takes the place of a value that cannot cross to a worker thread; `reason` gives the cause, `text` describes the value.
 * Recognise one by `instanceof StandIn`; as JSON it is `{ "standIn": reason, "text": text }`.
 */
export class StandIn {
  readonly reason: StandInReason;
  readonly text: string;

  constructor(reason: StandInReason, text: string) {
    this.reason = reason;
    this.text = text;
  }

  toJSON(): { standIn: StandInReason; text: string } {
    return { standIn: this.reason, text: this.text };
  }
}
markInstances(StandIn, "stand-in.v1");
