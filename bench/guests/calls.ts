import Benchmark from "benchmark";
import type { Sender } from "../harness/checked-peer.ts";
import type { Profile } from "../harness/profile.ts";
import { median } from "../harness/series.ts";

/** The argument of a deferred test, which `@types/benchmark` does not describe. */
interface Deferred {
  resolve(): void;
}

/** Benchmark.js's options, in seconds. `delay` is the pause between samples, in which workers catch up. */
const SAMPLING = {
  full: { maxTime: 0.3, minSamples: 10, minTime: 0.0002, delay: 0.015 },
  quick: { maxTime: 0.01, minSamples: 2, minTime: 0.0001, delay: 0.001 },
};

/**
 * Times a sender's calls with Benchmark.js, each until its promise has resolved. Resolves with the median of the samples
 * in microseconds per event. Rejects if a sample may have waited for room in the ring.
 *
 * The test has no `setup` or `teardown`: with one, Benchmark.js would compile the test's source without its closure.
 */
export function timeCalls(sender: Sender, profile: Profile): Promise<number> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const bench = new Benchmark({
      name: sender.peer.name,
      defer: true,
      async: true,
      ...SAMPLING[profile.name],
      fn: (deferred: Deferred) => {
        sender.send().then(() => deferred.resolve(), fail);
      },
      onCycle: () => {
        try {
          sender.checkRoom(bench.count);
        } catch (error) {
          fail(error);
        }
      },
      onComplete: () => {
        if (!isOver) resolve((median(bench.stats.sample) * 1e6) / sender.load.events);
      },
    });
    const fail = (error: unknown) => {
      isOver = true;
      bench.abort();
      reject(error);
    };
    bench.run();
  });
}
