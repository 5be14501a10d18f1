import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";
import type { OptionTable } from "../src/common/options.ts";
import { EVENTS } from "../src/index.ts";
import { OFF_THREAD_OPTIONS, SPEC_OPTIONS } from "../src/transports/options.ts";

const README = readFileSync(new URL("../../README.md", import.meta.url), "utf8");

/** The README's table, as the event table gives it. */
function eventTable(): string {
  const rows = Object.entries(EVENTS).map(([event, { method, flag, fields }]) => {
    const own = fields.map((field) => `\`${field}\``).join(", ");
    return `| ${event} | \`${method}\` | ${flag === undefined ? "" : `\`${flag}\``} | ${own} |`;
  });
  return ["| event | method | flag | own fields |", "|---|---|---|---|", ...rows].join("\n");
}

/** The text that the README has between two markers. */
function shown(marker: string): string | undefined {
  return new RegExp(`<!-- ${marker} -->\\n([\\s\\S]*?)\\n?<!-- /${marker} -->`).exec(README)?.[1];
}

test("the table of events is the event table", () => {
  expect(shown("events")).toBe(eventTable());
});

/** The declarations that users' editors read. */
const DECLARATIONS = readFileSync(new URL("../src/transports/options.d.ts", import.meta.url), "utf8");

interface RowComment {
  readonly text: string;
  /** What follows `@default`. */
  readonly fallback: string;
}

/** The comment above an option's row in the declarations. */
function commentOf(option: string): RowComment {
  const pattern = new RegExp(`/\\*\\*((?:(?!\\*/)[\\s\\S])*)\\*/\\s+${option}: import`);
  const lines = (pattern.exec(DECLARATIONS)?.[1] ?? "")
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, ""));
  const [text = "", fallback = ""] = lines
    .join(" ")
    .trim()
    .split(/\s*@default /);
  return { text, fallback };
}

function valueText(value: unknown): string {
  if (typeof value !== "number") return JSON.stringify(value);
  const mib = value / 1024 ** 2;
  return mib >= 1 && Number.isInteger(mib) ? `${mib} MiB` : value.toLocaleString("en-US");
}

function optionTable(title: string, table: OptionTable): string {
  const rows = Object.entries(table).map(([name, { hasDefault, absent }]) => {
    const { text, fallback } = commentOf(name);
    if (hasDefault) expect(fallback, `@default of ${name}`).toBe(valueText(absent(name)));
    const value = fallback.startsWith('"') ? `\`${fallback}\`` : fallback;
    return `| \`${name}\` | ${value} | ${text} |`;
  });
  return [`| ${title} | default |  |`, "|---|---|---|", ...rows].join("\n");
}

test("the tables of off-thread options and of handler specs are those that the code reads", () => {
  expect(shown("handler spec")).toBe(optionTable("spec", SPEC_OPTIONS));
  expect(shown("off-thread options")).toBe(optionTable("option", OFF_THREAD_OPTIONS));
});

// Below the package, so that the files find it by its name.
const FOLDER = new URL("./readme-example/", import.meta.url);

/** Stands in for the model that one example calls. */
const MODEL = `export async function callTheModel(manager) {
  const [run] = await manager.onLLMStart({ name: "my-model" }, ["Tell me a joke"]);
  for (const token of ["Why", " did", " it"]) await run.onLLMNewToken(token);
  await run.onLLMEnd({ generations: [[{ text: "Why did it" }]] });
}
`;

beforeAll(() => {
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(new URL("my-model.js", FOLDER), MODEL);
  for (const [, name, code] of README.matchAll(/```js\n\/\/ (\S+\.js)\n([\s\S]*?)```/g)) {
    writeFileSync(new URL(name ?? "", FOLDER), code ?? "");
  }
});

test("every example in JavaScript has a name, by which it is run here", () => {
  const names = [...README.matchAll(/```js\n(.*)\n/g)].map(([, line]) => line);
  expect(names).toEqual([
    "// audit.js",
    ...["app", "nested", "stream", "shipped", "tokens"].map((name) => `// ${name}.js`),
  ]);
});

test.each([
  ["app", /^\[ 3 \]\n$/],
  [
    "nested",
    /^\[chain\/start\] \[chain:answer\] [\s\S]*\[tool\/end\] \[chain:answer > tool:search\] [\s\S]*\nIt rains\.\n$/,
  ],
  ["stream", /^on_llm_start my-model \non_llm_stream my-model Why\n[\s\S]*\non_llm_end my-model \ntold\n$/],
  ["shipped", /^\{\}\n$/],
  ["tokens", /^Why did it$/],
])("%s.js runs as printed", async (name, printed) => {
  const program = fileURLToPath(new URL(`${name}.js`, FOLDER));
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program], { cwd: FOLDER });
  expect(stderr).toBe("");
  expect(stdout).toMatch(printed);
});
