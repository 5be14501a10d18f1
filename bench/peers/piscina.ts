import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import type { AnyEventRecord } from "../../src/core/events.ts";
import type { Counts } from "../handlers/counts.ts";
import { nothing, type Peer } from "./peer.ts";
import { recordSenders } from "./records.ts";

const TASK = fileURLToPath(new URL("../handlers/counting-task.js", import.meta.url));
export const PISCINA = "Piscina task";
const PISCINA_DEEP = "Piscina task, deep";
const PISCINA_AWAITED = "Piscina task, awaited";

const NAMES = { default: PISCINA, deep: PISCINA_DEEP, awaited: PISCINA_AWAITED };
/** So many that every task is posted to the worker when it is issued. */
const DEEP = { concurrentTasksPerWorker: 65_536 };

/**
 * The same records, each as the argument of a task for Piscina's one worker. "default": with Piscina's defaults, which post
 * a task when the one before it has come back. "deep": all tasks posted at once. "awaited": defaults, one task at a time.
 */
export async function piscinaPeer(mode: keyof typeof NAMES): Promise<Peer> {
  const depth = mode === "deep" ? DEEP : {};
  const pool = new Piscina({ filename: TASK, minThreads: 1, maxThreads: 1, ...depth });
  let tasks: Promise<void>[] = [];
  const give = (record: AnyEventRecord): Promise<void> => {
    const task = pool.run(record) as Promise<void>;
    if (mode === "awaited") return task;
    tasks.push(task);
    return nothing();
  };
  return {
    name: NAMES[mode],
    isSlow: true,
    ...recordSenders(give),
    async delivered() {
      const given = tasks;
      tasks = [];
      await Promise.all(given);
    },
    counts: async () => [(await pool.run(undefined, { name: "counts" })) as Counts],
    close: () => pool.close(),
  };
}
