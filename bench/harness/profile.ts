/** The extent of measurements. */
export interface Profile {
  /** Selects the sizes that a question uses. */
  readonly name: "full" | "quick";
  /** Measurements per trial. */
  readonly rounds: number;
  /** Least duration of the bursts of one measurement. */
  readonly burstMillis: number;
  /** Duration of one measurement at a steady pace. */
  readonly pacedMillis: number;
}

export const FULL: Profile = { name: "full", rounds: 5, burstMillis: 150, pacedMillis: 500 };

/** Shows that everything works; too short for meaningful figures. */
export const QUICK: Profile = { name: "quick", rounds: 1, burstMillis: 0, pacedMillis: 50 };
