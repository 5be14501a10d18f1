import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

let gc: (() => void) | undefined;

/** Forces a garbage collection, so that a measurement does not pay for the garbage of the one before it. */
export function collectGarbage(): void {
  if (gc === undefined) {
    setFlagsFromString("--expose-gc");
    gc = globalThis.gc ?? (runInNewContext("gc") as () => void);
  }
  gc();
}
