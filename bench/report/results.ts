import type { Machine } from "../harness/machine.ts";
import type { Answer } from "../harness/question.ts";
import type { TargetResult } from "./target-result.ts";

/** A question that failed: a check of its results, or anything else. */
export interface Unanswered {
  readonly name: string;
  readonly reason: string;
}

/** The results of a run; `--json` writes them as they are. */
export interface Results {
  readonly machine: Machine;
  /** Start of the run, as an ISO date. */
  readonly date: string;
  readonly seconds: number;
  /** Load average at the end; `machine` has that of the start. */
  readonly loadAtEnd: number;
  /** Source of the text that was sent. */
  readonly text: string;
  readonly profile: "full" | "quick";
  readonly answers: readonly Answer[];
  readonly unanswered: readonly Unanswered[];
  readonly targets: readonly TargetResult[];
}
