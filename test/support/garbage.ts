import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { settleTasks } from "./tasks.ts";

/** Collects what nothing holds any more. */
export async function collectGarbage(): Promise<void> {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  await settleTasks();
  gc();
}
