import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import type { AnyEventRecord } from "../../src/core/events.ts";
import type { Counts } from "../harness/counts.ts";
import { nothing, type Peer } from "../harness/peer.ts";
import { recordSenders } from "./records.ts";

const TASK = fileURLToPath(new URL("../handlers/counting-task.js", import.meta.url));
export const PISCINA = "Piscina task";
const PISCINA_DEEP = "Piscina task, deep";
const PISCINA_AWAITED = "Piscina task, awaited";

const NAMES = { default: PISCINA, deep: PISCINA_DEEP, awaited: PISCINA_AWAITED };
/** Large enough for every task to be posted to the worker as soon as it is issued. */
const DEEP = { concurrentTasksPerWorker: 65_536 };

/**
 * Sends the same records as arguments of tasks for a Piscina pool of one worker. "default": Piscina's defaults, which
 * post a task when the one before it has returned. "deep": all tasks are posted at once. "awaited": defaults, and the
 * sender awaits each task.
 */
export async function piscinaPeer(mode: keyof typeof NAMES): Promise<Peer> {
  const depth = mode === "deep" ? DEEP : {};
  const pool = new Piscina({ filename: TASK, minThreads: 1, maxThreads: 1, ...depth });
  let tasks: Promise<void>[] = [];
  const send = (record: AnyEventRecord): Promise<void> => {
    const task = pool.run(record) as Promise<void>;
    if (mode === "awaited") return task;
    tasks.push(task);
    return nothing();
  };
  return {
    name: NAMES[mode],
    isSlow: true,
    ...recordSenders(send),
    async delivered() {
      const pending = tasks;
      tasks = [];
      await Promise.all(pending);
    },
    counts: async () => [(await pool.run(undefined, { name: "counts" })) as Counts],
    close: () => pool.close(),
  };
}
