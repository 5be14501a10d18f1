import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const FOLDER = fileURLToPath(new URL("../../examples/", import.meta.url));
const examples = readdirSync(FOLDER).filter((file) => file.endsWith(".js"));

test.each(examples)("examples/%s runs", async (file) => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [file], { cwd: FOLDER });
  expect(stderr).toBe("");
  expect(stdout).not.toBe("");
});
