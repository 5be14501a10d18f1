import type { AnyEventRecord } from "../../src/index.ts";
import { type FixtureName, PLACEMENTS, type Placed, type Placement } from "../placements.ts";

export const INLINE = PLACEMENTS.filter(({ isInline }) => isInline);
export const OFF_THREAD = PLACEMENTS.filter(({ isInline }) => !isInline);
export const ORDERED = PLACEMENTS.filter(({ isOrdered }) => isOrdered);
/** Placements with which the promise of a manager's method waits for the handlers. */
export const HANDLED = PLACEMENTS.filter(({ name }) => !name.includes("queued"));

type Spec = FixtureName | readonly [name: FixtureName, options: unknown];

/** Places fixtures, passes them to `body`, and closes them even if it fails. */
export async function withPlaced(
  placement: Placement,
  specs: readonly Spec[],
  body: (...placed: [Placed, ...Placed[]]) => Promise<void>,
): Promise<void> {
  const placed = await Promise.all(
    specs.map((spec) => (typeof spec === "string" ? placement.place(spec) : placement.place(...spec))),
  );
  try {
    await body(...(placed as [Placed, ...Placed[]]));
  } finally {
    await Promise.all(placed.map((each) => each.close()));
  }
}

/** Results of a handler's method on all its threads, once every event is handled. */
export async function taken<T>(placed: Placed, method = "take"): Promise<T[]> {
  await placed.flush();
  return (await placed.call<T[]>(method)).flat() as T[];
}

export type Call = [method: string, record: AnyEventRecord];
