/** How long to measure. */
export interface Profile {
  /** Questions have a list of sizes for each. */
  readonly name: "full" | "quick";
  /** Each trial is measured once a round; the order of the trials alternates. */
  readonly rounds: number;
  /** How long bursts go on in one measurement, at least. */
  readonly burstMillis: number;
  /** How long one measurement at a steady pace takes. */
  readonly pacedMillis: number;
}

export const FULL: Profile = { name: "full", rounds: 5, burstMillis: 150, pacedMillis: 500 };

/** Enough to see that all works; its figures mean little. */
export const QUICK: Profile = { name: "quick", rounds: 1, burstMillis: 0, pacedMillis: 50 };
