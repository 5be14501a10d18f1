import type { Machine } from "../harness/machine.ts";
import type { Answer } from "../harness/question.ts";
import type { TargetResult } from "./target-result.ts";

/** A question without figures: a result was not what it must be, or something else broke. */
export interface Unanswered {
  readonly name: string;
  readonly reason: string;
}

/** All that a run of the benchmark has found out; as JSON, what `--json` writes. */
export interface Results {
  readonly machine: Machine;
  /** When it began, as an ISO date. */
  readonly date: string;
  readonly seconds: number;
  /** Load at the end; `machine` has that of the beginning. */
  readonly loadAtEnd: number;
  /** Where the text came from. */
  readonly text: string;
  readonly profile: "full" | "quick";
  readonly answers: readonly Answer[];
  /** Questions that were asked in vain. */
  readonly unanswered: readonly Unanswered[];
  readonly targets: readonly TargetResult[];
}
