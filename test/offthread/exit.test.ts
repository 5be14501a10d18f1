import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const PROGRAM = fileURLToPath(new URL("../fixtures/exit-program.js", import.meta.url));
const DIGITS = "0123456789";

test.each(
  (["trace", "none"] as const).flatMap((ordering) => [
    { ordering, mode: "idle", expected: "" },
    { ordering, mode: "idle after work", expected: "a" },
    { ordering, mode: "owing", expected: DIGITS.repeat(100) },
    { ordering, mode: "owing slowly", expected: DIGITS },
  ]),
)("a process ends by itself, but not before what it owes is handled: $mode ($ordering)", async (given) => {
  const path = join(mkdtempSync(join(tmpdir(), "sidecall-")), "texts");
  writeFileSync(path, "");
  const { stderr } = await promisify(execFile)(process.execPath, [PROGRAM, given.mode, given.ordering, path]);
  expect(stderr).toBe("");
  const written = readFileSync(path, "utf8");
  if (given.ordering === "trace") expect(written).toBe(given.expected);
  else expect([...written].sort().join("")).toBe([...given.expected].sort().join(""));
});
