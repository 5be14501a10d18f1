import { expect, test } from "vitest";
import { newRunId } from "../../src/managers/run-id.ts";

test("run ids are UUIDv7s of the current time, unique, and sort in the order of creation", () => {
  const before = Date.now();
  const ids = Array.from({ length: 20_000 }, newRunId);
  const after = Date.now();
  for (const id of ids)
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(ids).size).toBe(ids.length);
  expect([...ids].sort()).toEqual(ids);
  const millis = ids.map((id) => Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16));
  expect(Math.min(...millis)).toBeGreaterThanOrEqual(before);
  expect(Math.max(...millis)).toBeLessThanOrEqual(after + 1);
});
