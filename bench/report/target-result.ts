import type { Spread } from "../harness/series.ts";

/** A ratio of one run beside its target. */
export interface TargetResult {
  /** The two sides, above ÷ below, with their place on the question's axis. */
  readonly name: string;
  /** The bound in words, such as `≤ 0.35×`. */
  readonly target: string;
  /** The ratio by each metric. */
  readonly measured: readonly { readonly metric: string; readonly spread: Spread }[];
  /** `ok`: the medians of all metrics are within the bound. */
  readonly verdict: "ok" | "short";
}
