import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { LineFile } from "../../src/common/line-file.ts";
import { scratch } from "../fixtures/scratch.ts";

const path = scratch();

test("flushed lines are in the file, in order", async () => {
  const file = new LineFile(path("a"), "truncate");
  for (let i = 0; i < 1000; i += 1) void file.append(`line ${i} é`);
  await file.flush();
  const expected = Array.from({ length: 1000 }, (_, i) => `line ${i} é\n`).join("");
  expect(readFileSync(path("a"), "utf8")).toBe(expected);
  await file.close();
});

test("truncates or appends, by mode", async () => {
  writeFileSync(path("b"), "old\n");
  const appending = new LineFile(path("b"), "append");
  await appending.append("new");
  await appending.close();
  expect(readFileSync(path("b"), "utf8")).toBe("old\nnew\n");
  await new LineFile(path("b"), "truncate").close();
  expect(readFileSync(path("b"), "utf8")).toBe("");
});

test("append waits only if much is unwritten", async () => {
  const file = new LineFile(path("c"), "truncate");
  const long = "x".repeat(3 << 20);
  let welcomed = false;
  const first = file.append(long);
  const second = file.append(long).then(() => {
    welcomed = true;
  });
  await first;
  expect(welcomed).toBe(false);
  await second;
  expect(readFileSync(path("c"), "utf8").length).toBe(2 * (long.length + 1));
  await file.close();
});

test("a file with several writers holds whole lines", async () => {
  const files = [1, 2, 3].map(() => new LineFile(path("d"), "append"));
  const lines = files.map((_, i) => String(i).repeat(300_000));
  for (let round = 0; round < 5; round += 1) {
    for (const [i, file] of files.entries()) void file.append(lines[i] ?? "");
  }
  await Promise.all(files.map((file) => file.close()));
  const written = readFileSync(path("d"), "utf8").trimEnd().split("\n");
  expect(written.sort()).toEqual(lines.flatMap((line) => Array<string>(5).fill(line)));
});

test("the error names a file that cannot be opened; a closed file takes no more lines", async () => {
  const unwritable = expect.objectContaining({
    code: "SIDECALL_FILE_NOT_WRITABLE",
    message: expect.stringContaining("missing/e"),
  });
  expect(() => new LineFile(path("missing/e"), "append")).toThrow(unwritable);
  const file = new LineFile(path("f"), "truncate");
  await file.close();
  await file.close();
  await expect(file.append("late")).rejects.toMatchObject({ code: "SIDECALL_CLOSED" });
});

test.skipIf(process.platform !== "linux")(
  "after a failed write all further calls reject with its error",
  async () => {
    const file = new LineFile("/dev/full", "append");
    void file.append("lost");
    await expect(file.flush()).rejects.toThrow("ENOSPC");
    await expect(file.append("lost too")).rejects.toThrow("ENOSPC");
    await expect(file.flush()).rejects.toThrow("ENOSPC");
    await expect(file.close()).rejects.toThrow("ENOSPC");
  },
);
