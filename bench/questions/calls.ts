import Benchmark from "benchmark";
import type { Effort } from "./effort.ts";
import type { Sender } from "./load.ts";
import { median } from "./series.ts";

/** `@types/benchmark` does not describe what a deferred test is given. */
interface Deferred {
  resolve(): void;
}

export interface CallTime {
  /** Wall-clock time from a call until its promise has resolved: the median of Benchmark.js's samples. */
  readonly microsPerEvent: number;
  readonly marginPercent: number;
}

/**
 * Times a sender's calls with Benchmark.js. Between two samples is a pause, in which workers catch up; every sample is
 * checked to have found room in the ring, so that no figure contains waiting for it.
 *
 * The test has neither `setup` nor `teardown`: with one, Benchmark.js would compile the test's source apart from its closure.
 */
export function timeCalls(sender: Sender, { sampling }: Effort): Promise<CallTime> {
  return new Promise((resolve, reject) => {
    let failure: unknown;
    const bench = new Benchmark({
      name: sender.peer.name,
      defer: true,
      async: true,
      maxTime: sampling.maxSeconds,
      minSamples: sampling.minSamples,
      minTime: sampling.sampleSeconds,
      delay: sampling.pauseSeconds,
      fn: (deferred: Deferred) => {
        sender.send().then(
          () => deferred.resolve(),
          (error: unknown) => fail(error),
        );
      },
      onCycle: () => {
        try {
          sender.checkRoom(bench.count);
        } catch (error) {
          fail(error);
        }
      },
      onComplete: () => {
        if (failure !== undefined) return;
        const { sample, rme } = bench.stats;
        resolve({ microsPerEvent: (median(sample) * 1e6) / sender.load.events, marginPercent: rme });
      },
    });
    const fail = (error: unknown) => {
      failure ??= error;
      bench.abort();
      reject(error);
    };
    bench.run();
  });
}
