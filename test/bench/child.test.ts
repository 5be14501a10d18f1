import { expect, test } from "vitest";
import { runChild } from "../../bench/harness/child.ts";

test("the error of a failed child process contains its stack", async () => {
  await expect(runChild("start-up", { way: "none" })).rejects.toThrow(/child "start-up".*is not a function/s);
});
