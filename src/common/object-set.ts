/*
 * Sets of thrown values, which may be anything. A primitive is in none of them.
 */

export function addObject(set: WeakSet<object>, value: unknown): void {
  if (typeof value === "object" && value !== null) set.add(value);
}

export function hasObject(set: WeakSet<object>, value: unknown): boolean {
  return typeof value === "object" && value !== null && set.has(value);
}
