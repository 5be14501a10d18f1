import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

let gc: (() => void) | undefined;

/** Collects what nothing holds any more, now, so that no measurement pays for the one before it. */
export function collectGarbage(): void {
  if (gc === undefined) {
    setFlagsFromString("--expose-gc");
    gc = globalThis.gc ?? (runInNewContext("gc") as () => void);
  }
  gc();
}
