import type { Spread } from "../harness/series.ts";

/** One figure to reach, and whether it was. */
export interface Figure {
  readonly figure: string;
  readonly target: string;
  /** All of these must reach the target, at the median. */
  readonly measured: readonly { readonly metric: string; readonly spread: Spread }[];
  readonly verdict: "ok" | "short";
}
