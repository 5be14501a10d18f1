import Benchmark from "benchmark";
import type { Sender } from "../harness/checked-peer.ts";
import type { Profile } from "../harness/profile.ts";
import { median } from "../harness/series.ts";

/** `@types/benchmark` does not describe what a deferred test is given. */
interface Deferred {
  resolve(): void;
}

/** How long it takes samples, how long one is at least, and the pause between two, in which workers catch up. */
const SAMPLING = {
  full: { maxTime: 0.3, minSamples: 10, minTime: 0.0002, delay: 0.015 },
  quick: { maxTime: 0.01, minSamples: 2, minTime: 0.0001, delay: 0.001 },
};

/**
 * Microseconds per event from a sender's call until its promise has resolved: the median of Benchmark.js's samples. Every
 * sample is checked to have found room in the ring, so that no figure contains waiting for it.
 *
 * The test has neither `setup` nor `teardown`: with one, Benchmark.js would compile the test's source apart from its closure.
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
