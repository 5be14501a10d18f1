import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { DEFECTS } from "./defects.ts";
import { OTHERS } from "./others/index.ts";
import { ROWS } from "./rows.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

interface Listed {
  readonly name: string;
  readonly text: string;
  readonly reason?: string | undefined;
  readonly shownBy: readonly string[];
}

const sources = readdirSync(new URL(".", import.meta.url))
  .filter((file) => file.endsWith(".test.js"))
  .map((file) => readFileSync(new URL(file, import.meta.url), "utf8"))
  .join("\n");

/** Names of all rows, defects and faults of others that have tests: "row 12", "defect 2.1.4", "other v1". */
const tested = new Set(
  [...sources.matchAll(/^\s*(row|defect|other)\(\s*"?([\w.]+)"?,/gm)].map(([, kind, id]) => `${kind} ${id}`),
);

const rows: readonly Listed[] = ROWS.map((row) => ({ ...row, name: `row ${row.row}`, shownBy: [] }));
const defects: readonly Listed[] = DEFECTS.map((each) => ({
  shownBy: [],
  ...each,
  name: `defect ${each.id}`,
}));
const others: readonly Listed[] = OTHERS.map((each) => ({ shownBy: [], ...each, name: `other ${each.id}` }));
const all = [...rows, ...defects, ...others];

function isShown(by: string): boolean {
  const file = /^(test\/\S+): (.*)$/.exec(by);
  if (file === null) {
    const other = all.find(({ name }) => name === by);
    return tested.has(by) || (other?.shownBy.some(isShown) ?? false);
  }
  return readFileSync(`${ROOT}${file[1]}`, "utf8").includes(file[2] ?? "");
}

test("the rows are numbered from 1 to 113, and no defect or fault is listed twice", () => {
  expect(ROWS.map(({ row }) => row)).toEqual(Array.from({ length: 113 }, (_, i) => i + 1));
  expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
});

test.each(all)("$name is tested, or shown by a test that exists, or has a reason why not", (each) => {
  const { name, reason, shownBy } = each;
  const ways = [tested.has(name), shownBy.length > 0, reason !== undefined];
  expect(ways.filter(Boolean)).toHaveLength(1);
  expect(shownBy.filter((by) => !isShown(by))).toEqual([]);
});

const document = readFileSync(`${ROOT}docs/conformance.md`, "utf8").split("\n");

test("docs/conformance.md has no other rows", () => {
  // Three tables, with two lines of headings each.
  expect(document.filter((line) => line.startsWith("|"))).toHaveLength(all.length + 6);
});

test.each(all)("docs/conformance.md lists $name with its text and status", ({ name, text, reason }) => {
  const id = name.split(" ")[1];
  const line = document.find((each) => each.startsWith(`| ${id} |`) && each.includes(`| ${text} |`));
  const status = line?.split(" | ").at(-1) ?? "not listed";
  if (reason !== undefined) expect(status).toBe(`does not apply: ${reason} |`);
  else expect(status).toMatch(/^holds/);
});
