import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import type { OptionTable } from "../src/common/options.ts";
import { ITERATION_OPTIONS } from "../src/handlers/iterators/token-iteration-handler.ts";
import { EVENTS } from "../src/index.ts";
import { OFF_THREAD_OPTIONS, SPEC_OPTIONS } from "../src/transports/options.ts";
import { LIMIT_OPTIONS } from "../src/values/limits.ts";

const ROOT = new URL("../../", import.meta.url);

function read(page: string): string {
  return readFileSync(new URL(page, ROOT), "utf8");
}

const README = read("README.md");
const DOCS = readdirSync(new URL("docs/", ROOT)).map((file) => `docs/${file}`);
const PAGES = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", ...DOCS];

/** The table of docs/events.md, derived from the event table. */
function eventTable(): string {
  const rows = Object.entries(EVENTS).map(([event, { method, flag, fields }]) => {
    const own = fields.map((field) => `\`${field}\``).join(", ");
    return `| ${event} | \`${method}\` | ${flag === undefined ? "" : `\`${flag}\``} | ${own} |`;
  });
  return ["| event | method | flag | own fields |", "|---|---|---|---|", ...rows].join("\n");
}

/** The text that a page has between two markers. */
function shown(marker: string, page = "README.md"): string | undefined {
  return new RegExp(`<!-- ${marker} -->\\n([\\s\\S]*?)\\n?<!-- /${marker} -->`).exec(read(page))?.[1];
}

test("the table of events is the event table", () => {
  expect(shown("events", "docs/events.md")).toBe(eventTable());
});

/** The declarations that users' editors read. */
const DECLARATIONS = [
  "transports/options",
  "values/limits",
  "token-queue/layout",
  "handlers/iterators/token-iteration-handler",
  "handlers/choices",
]
  .map((file) => readFileSync(new URL(`../src/${file}.d.ts`, import.meta.url), "utf8"))
  .join("\n");

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
  for (const [unit, bytes] of [
    ["MiB", 1024 ** 2],
    ["KiB", 1024],
  ] as const)
    if (value >= bytes && value % bytes === 0) return `${value / bytes} ${unit}`;
  return value.toLocaleString("en-US");
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
  expect(shown("limits")).toBe(optionTable("limit", LIMIT_OPTIONS));
});

test("the table of token iterations' options is the one that the code reads", () => {
  expect(shown("iteration options", "docs/handlers.md")).toBe(optionTable("option", ITERATION_OPTIONS));
});

test("the README's commands for a fresh clone are those that CI runs", () => {
  const [, commands = ""] = /```sh\n((?:npm ci && .*\n)+)```/.exec(README) ?? [];
  expect(commands.trim().split("\n")).toEqual(["npm ci && npm run demo", "npm ci && npm test"]);
  const ci = read(".ci/run");
  for (const command of commands.trim().split("\n")) expect(ci).toContain(command);
});

/** Anchors of a page: its headings in lower case, without punctuation, with hyphens for spaces. */
function anchorsOf(text: string): string[] {
  const prose = text.replace(/```[\s\S]*?```/g, "");
  return [...prose.matchAll(/^#+ (.*)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\w\- ]/g, "")
      .replace(/ /g, "-"),
  );
}

test.each(PAGES)("links of %s lead to files and headings that exist", (page) => {
  const links = [...read(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)];
  const broken = links.filter(([, path = "", anchor]) => {
    const target = path === "" ? new URL(page, ROOT) : new URL(path, new URL(page, ROOT));
    if (!existsSync(target)) return true;
    return anchor !== undefined && !anchorsOf(readFileSync(target, "utf8")).includes(anchor);
  });
  expect(broken.map(([link]) => link)).toEqual([]);
});

test("links of the README lead to files of the package", () => {
  const { files } = JSON.parse(read("package.json")) as { files: string[] };
  const links = [...README.matchAll(/\]\((?!https?:)([^)#\s]+)/g)].map(([, path = ""]) => path);
  const isShipped = (path: string) =>
    path === "LICENSE" || files.some((file) => path === file || path.startsWith(`${file}/`));
  expect(links.filter((path) => !isShipped(path))).toEqual([]);
});

const SOURCES = ["src", "workers", "bench", "test"].flatMap((folder) =>
  readdirSync(new URL(`${folder}/`, ROOT), { recursive: true, encoding: "utf8" }).map(
    (file) => `/${folder}/${file}`,
  ),
);

test.each(["CONTRIBUTING.md", "docs/architecture.md", "docs/decisions.md"])(
  "source files that %s names exist",
  (page) => {
    const named = [...read(page).matchAll(/(?<![\w>-])(?:\.\.\/)*([\w/-][\w./-]*\.c?ts)\b/g)].map(
      ([, file]) => file ?? "",
    );
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((file) => !SOURCES.some((source) => source.endsWith(`/${file}`)))).toEqual([]);
  },
);

/** Stands in for the model that some examples call. */
const MODEL = `export async function callTheModel(manager) {
  const [run] = await manager.onLLMStart({ name: "my-model" }, ["Tell me a joke"]);
  for (const token of ["Why", " did", " it"]) await run.onLLMNewToken(token);
  await run.onLLMEnd({ generations: [[{ text: "Why did it" }]] });
}
`;

/** Every example by its page and the file name in its first line, with what it prints; undefined for a module of another. */
const EXAMPLES: readonly (readonly [page: string, name: string, printed: RegExp | undefined])[] = [
  ["README.md", "audit", undefined],
  ["README.md", "app", /^\[ 3 \]\n$/],
  [
    "README.md",
    "nested",
    /^\[chain\/start\] \[chain:answer\] [\s\S]*\[tool\/end\] \[chain:answer > tool:search\] [\s\S]*\nIt rains\.\n$/,
  ],
  [
    "README.md",
    "stream",
    /^on_llm_start my-model \non_llm_stream my-model Why\n[\s\S]*\non_llm_end my-model \ndone\n$/,
  ],
  ["README.md", "tokens", /^Why did it$/],
  ["docs/events.md", "events", /^tool search the weather \[ 'docs' \]\non_tool_end of a root run\n$/],
  ["docs/from-langchain.md", "langchain", /^Why did it$/],
  ["docs/handlers.md", "shipped", /^\{\}\n$/],
  ["docs/handlers.md", "my-tracer", /^answer\n$/],
];

const RUN = EXAMPLES.flatMap(([page, name, printed]) =>
  printed === undefined ? [] : [{ page, file: `${name}.js`, printed }],
);

describe("examples in JavaScript", () => {
  // Below the package, so that the files find it by its name.
  const FOLDER = new URL("./readme-example/", import.meta.url);

  beforeAll(() => {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(new URL("my-model.js", FOLDER), MODEL);
    for (const page of PAGES) {
      for (const [, name, code] of read(page).matchAll(/```js\n\/\/ (\S+\.js)\n([\s\S]*?)```/g)) {
        writeFileSync(new URL(name ?? "", FOLDER), code ?? "");
      }
    }
  });

  test("each has a name, by which it is run here", () => {
    const named = PAGES.flatMap((page) =>
      [...read(page).matchAll(/```js\n(.*)\n/g)].map(([, line]) => `${page}: ${line}`),
    );
    const run = EXAMPLES.map(([page, name]) => `${page}: // ${name}.js`);
    expect(named.sort()).toEqual(run.sort());
  });

  test.each(RUN)("$file of $page runs as printed", async ({ file, printed }) => {
    const program = fileURLToPath(new URL(file, FOLDER));
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [program], { cwd: FOLDER });
    expect(stderr).toBe("");
    expect(stdout).toMatch(printed);
  });
});
