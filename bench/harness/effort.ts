/** How long to measure. */
export interface Effort {
  /** Each peer is measured once a round; the order of the peers alternates. */
  readonly rounds: number;
  /** Benchmark.js: how long it takes samples of one peer in one round, how long one sample is at least, the pause between two. */
  readonly sampling: {
    readonly maxSeconds: number;
    readonly minSamples: number;
    readonly sampleSeconds: number;
    readonly pauseSeconds: number;
  };
  /** Main-thread time in bursts: sends of the load in each, and how long bursts go on, each waited for until it is handled. */
  readonly burst: { readonly sends: number; readonly minMillis: number };
  /** Main-thread time at a steady pace: how many sends of the load, and the time from one to the next. */
  readonly paced: { readonly sends: number; readonly tickMillis: number };
  /** How often the text goes through a lane in one measurement of throughput. */
  readonly passes: number;
}

export const FULL: Effort = {
  rounds: 5,
  sampling: { maxSeconds: 0.6, minSamples: 10, sampleSeconds: 0.003, pauseSeconds: 0.015 },
  burst: { sends: 40, minMillis: 200 },
  paced: { sends: 80, tickMillis: 5 },
  passes: 3,
};

/** Enough to see that all works; its figures mean nothing. */
export const QUICK: Effort = {
  rounds: 1,
  sampling: { maxSeconds: 0.01, minSamples: 2, sampleSeconds: 0.0001, pauseSeconds: 0.001 },
  burst: { sends: 2, minMillis: 0 },
  paced: { sends: 2, tickMillis: 1 },
  passes: 1,
};
