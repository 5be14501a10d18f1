import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const PROGRAM = fileURLToPath(new URL("../fixtures/exit-program.js", import.meta.url));
const CLOSING = fileURLToPath(new URL("../fixtures/closing-program.js", import.meta.url));
const DIGITS = "0123456789";

test.each(
  (["trace", "none"] as const).flatMap((ordering) => [
    { ordering, mode: "idle", expected: "" },
    { ordering, mode: "idle after work", expected: "a" },
    { ordering, mode: "pending events", expected: DIGITS.repeat(100) },
    { ordering, mode: "pending tokens", expected: DIGITS.repeat(100) },
    { ordering, mode: "events sent slowly", expected: DIGITS },
    { ordering, mode: "busy while it waits", expected: "a" },
    { ordering, mode: "deaths of threads", expected: DIGITS.replace("5", "").repeat(6) },
  ]),
)("a process ends by itself once its events are handled: $mode ($ordering)", async (given) => {
  const path = join(mkdtempSync(join(tmpdir(), "sidecall-")), "texts");
  writeFileSync(path, "");
  // A thread's death emits a warning, which this test does not check.
  const flags = given.mode === "deaths of threads" ? ["--no-warnings"] : [];
  const args = [...flags, PROGRAM, given.mode, given.ordering, path];
  const { stderr } = await promisify(execFile)(process.execPath, args, { timeout: 20_000 });
  expect(stderr).toBe("");
  const written = readFileSync(path, "utf8");
  if (given.ordering === "trace") expect(written).toBe(given.expected);
  else expect([...written].sort().join("")).toBe([...given.expected].sort().join(""));
});

test("a process does not end while a handler is closing, whenever its thread reports that it is idle", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [CLOSING]);
  expect(stdout).toBe("all closed\n");
});
