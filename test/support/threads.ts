import { existsSync, readdirSync } from "node:fs";

const TASKS = "/proc/self/task";

/** Number of threads of this process; 0 where the system does not list them. */
export function countThreads(): number {
  return existsSync(TASKS) ? readdirSync(TASKS).length : 0;
}
