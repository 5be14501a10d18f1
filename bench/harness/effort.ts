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
  /** Deliveries (a burst, then waiting until it is handled) in one measurement of main-thread time. */
  readonly deliveries: number;
  /** Sends of the load in one such burst. */
  readonly sendsPerDelivery: number;
  /** How often the text goes through a lane in one measurement of throughput. */
  readonly passes: number;
}

export const FULL: Effort = {
  rounds: 7,
  sampling: { maxSeconds: 0.8, minSamples: 10, sampleSeconds: 0.003, pauseSeconds: 0.03 },
  deliveries: 10,
  sendsPerDelivery: 20,
  passes: 3,
};

/** Enough to see that all works; its figures mean nothing. */
export const QUICK: Effort = {
  rounds: 1,
  sampling: { maxSeconds: 0.01, minSamples: 2, sampleSeconds: 0.0001, pauseSeconds: 0.001 },
  deliveries: 1,
  sendsPerDelivery: 2,
  passes: 1,
};
