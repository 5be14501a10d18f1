import { readFileSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { pauseThread } from "../../src/shared-memory/pause.ts";
import { collectGarbage } from "./garbage.ts";

/** The main thread's time for some work. */
interface MainThreadTime<T> {
  readonly result: T;
  /** Time outside the event loop's poll, by event-loop utilisation; includes waiting for a processor. */
  readonly busyMicros: number;
  /** Processor time by Linux's account of this thread; undefined on other systems. */
  readonly cpuMicros: number | undefined;
}

const MOMENT_MILLIS = 0.05;

/** Returns this thread's processor time so far; undefined where /proc has no account of it. */
function cpuMicros(): number | undefined {
  // The kernel updates a thread's account when the thread gives up its processor.
  pauseThread(MOMENT_MILLIS);
  try {
    const [nanos] = readFileSync(`/proc/self/task/${process.pid}/schedstat`, "utf8").split(" ");
    return Number(nanos) / 1000;
  } catch {
    return undefined;
  }
}

/** Runs `work` and measures the main thread's time for all of it, replies from workers included. */
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
