import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { settleTasks } from "./tasks.ts";

/** Runs the garbage collector once everything due has happened. */
export async function collectGarbage(): Promise<void> {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  await settleTasks();
  gc();
}
