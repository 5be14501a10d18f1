import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { keepAlive } from "../../src/common/keep-alive.ts";

const MODULE = new URL("../../src/common/keep-alive.js", import.meta.url).href;

/** What a program prints that waits for a promise which an unreferenced timer settles, and its exit code. */
async function outcome(wait: string): Promise<{ stdout: string; code: number }> {
  const program = `
    import { keepAlive } from ${JSON.stringify(MODULE)};
    const promise = new Promise((resolve) => setTimeout(resolve, 50, "settled").unref());
    console.log(await ${wait}(promise));`;
  const args = ["--input-type=module", "--eval", program];
  return promisify(execFile)(process.execPath, args).then(
    ({ stdout }) => ({ stdout, code: 0 }),
    ({ stdout, code }: { stdout: string; code: number }) => ({ stdout, code }),
  );
}

test("keeps the process alive until the promise has settled, which ends without it", async () => {
  expect(await outcome("keepAlive")).toEqual({ stdout: "settled\n", code: 0 });
  expect(await outcome("")).toEqual({ stdout: "", code: 13 });
});

test("settles as the promise does", async () => {
  const error = new RangeError("no");
  expect(await keepAlive(Promise.resolve(7))).toBe(7);
  await expect(keepAlive(Promise.reject(error))).rejects.toBe(error);
});
