import { expect, test } from "vitest";
import { runChild } from "../../bench/harness/child.ts";

test("a child that fails says why", async () => {
  await expect(runChild("start-up", { way: "none" })).rejects.toThrow(/child "start-up".*is not a function/s);
});
