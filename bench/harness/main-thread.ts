import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { pauseThread } from "../../src/shared-memory/pause.ts";
import { collectGarbage } from "./garbage.ts";

/** What some work has cost the main thread. */
interface MainThreadTime<T> {
  readonly result: T;
  /** Time outside the event loop's poll, by event-loop utilisation: computing, or waiting for a processor. */
  readonly busyMicros: number;
  /** Time on a processor, by Linux's account of this thread; undefined elsewhere. */
  readonly cpuMicros: number | undefined;
}

const MOMENT_MILLIS = 0.05;

/** Microseconds that this thread has been on a processor. */
function cpuMicros(): number | undefined {
  // The kernel brings a thread's account up to date when the thread gives up its processor.
  pauseThread(MOMENT_MILLIS);
  try {
    const [nanos] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ");
    return Number(nanos) / 1000;
  } catch {
    return undefined;
  }
}

/** Runs `work` to its end and tells what all of it, replies from workers included, has cost the main thread. */
export async function timeMainThread<T>(work: () => Promise<T>): Promise<MainThreadTime<T>> {
  collectGarbage();
  const cpuBefore = cpuMicros();
  const before = performance.eventLoopUtilization();
  const result = await work();
  const { active } = performance.eventLoopUtilization(before);
  const cpuAfter = cpuMicros();
  const cpu = cpuBefore === undefined || cpuAfter === undefined ? undefined : cpuAfter - cpuBefore;
  return { result, busyMicros: active * 1000, cpuMicros: cpu };
}
