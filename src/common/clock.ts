import { performance } from "node:perf_hooks";

const ORIGIN = performance.timeOrigin;

/** Milliseconds since the epoch, with fractions, never going back. */
export function now(): number {
  return ORIGIN + performance.now();
}
