import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { DEFECTS } from "./defects.ts";
import { ROWS } from "./rows.ts";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** What is not written yet, a line for each who writes. To be empty; what is tested leaves it by itself. */
const UNWRITTEN: readonly string[] = [
  ...numbers([...range(55, 67), 69, 71, 73, 74, 75, 76]),
  ...numbers([48, 49, 50, 51, 52, 54, 112, 113]),
  ...numbers([45, 46, 47, ...range(84, 111)]),
  ...DEFECTS.map(({ id }) => `defect ${id}`),
];

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

function numbers(list: readonly number[]): string[] {
  return list.map((number) => `row ${number}`);
}

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

/** Names of all rows and defects that have tests: "row 12", "defect 2.1.4". */
const tested = new Set(
  [...sources.matchAll(/^\s*(row|defect)\("?([\w.]+)"?,/gm)].map(([, kind, id]) => `${kind} ${id}`),
);

const rows: readonly Listed[] = ROWS.map((row) => ({ ...row, name: `row ${row.row}`, shownBy: [] }));
const defects: readonly Listed[] = DEFECTS.map((each) => ({
  shownBy: [],
  ...each,
  name: `defect ${each.id}`,
}));
const all = [...rows, ...defects];
const PENDING = all.map(({ name }) => name).filter(isPending);

function isPending(name: string): boolean {
  const shownBy = all.find((each) => each.name === name)?.shownBy ?? [];
  return shownBy.length > 0 ? shownBy.some(isPending) : UNWRITTEN.includes(name) && !tested.has(name);
}

function isShown(by: string): boolean {
  const file = /^(test\/\S+): (.*)$/.exec(by);
  if (file === null) {
    const other = all.find(({ name }) => name === by);
    return tested.has(by) || PENDING.includes(by) || (other?.shownBy.some(isShown) ?? false);
  }
  return readFileSync(`${ROOT}${file[1]}`, "utf8").includes(file[2] ?? "");
}

test("the rows are numbered from 1 to 113, and no defect is listed twice", () => {
  expect(ROWS.map(({ row }) => row)).toEqual(Array.from({ length: 113 }, (_, i) => i + 1));
  expect(new Set(defects.map(({ name }) => name)).size).toBe(defects.length);
});

test.each(all)("$name is tested, or shown by a test that exists, or has a reason why not", (each) => {
  const { name, reason, shownBy } = each;
  const ways = [tested.has(name), shownBy.length > 0, reason !== undefined];
  expect(ways.filter(Boolean)).toHaveLength(!ways.includes(true) && PENDING.includes(name) ? 0 : 1);
  expect(shownBy.filter((by) => !isShown(by))).toEqual([]);
});

test.each(all)("docs/conformance.md lists $name as it is", ({ name, text, reason }) => {
  const document = readFileSync(`${ROOT}docs/conformance.md`, "utf8");
  const id = name.split(" ")[1];
  const line = document
    .split("\n")
    .find((each) => each.startsWith(`| ${id} |`) && each.includes(`| ${text} |`));
  const status = line?.split(" | ").at(-1) ?? "not listed";
  if (reason !== undefined) expect(status).toBe(`does not apply: ${reason} |`);
  else expect(status).toMatch(PENDING.includes(name) ? /^(pending|holds)/ : /^holds/);
});
