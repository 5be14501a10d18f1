// Runs the conformance tests as built, and writes docs/conformance.md from what they say.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DEFECTS } from "../dist/test/conformance/defects.js";
import { OTHERS } from "../dist/test/conformance/others/index.js";
import { ROWS } from "../dist/test/conformance/rows.js";
import { PLACEMENTS } from "../dist/test/placements.js";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const FILE_AND_TITLE = /^(test\/\S+)\.ts: (.*)$/;
const HEAD = `# Conformance

What LangChain's callback system in Python (langchain-core 1.6.5) does, row by row: its own tests, told in the words of
TypeScript. Written by \`npm run conformance\` from the tests in \`test/conformance/\`, whose titles carry the numbers.

"Wherever a handler is" means that the row was tested inline, and off-thread in one lane, in two lanes with tiny rings,
queued, and unordered. Where fewer placements are named, the row is about what only those can do, such as order, waiting,
or the caller's own context; where none is named, it is about managers or handlers by themselves.`;

/** Runs the tests of `files` and gives their results: title, with those of its groups, and status. */
function resultsOf(files) {
  const folder = mkdtempSync(join(tmpdir(), "sidecall-conformance-"));
  const output = join(folder, "results.json");
  const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
  // The test of the document waits until it is written.
  const options = [
    "--exclude=**/rows.test.js",
    "--reporter=dot",
    "--reporter=json",
    `--outputFile.json=${output}`,
  ];
  spawnSync(process.execPath, [vitest, "run", ...files, ...options], { cwd: ROOT, stdio: "inherit" });
  const { testResults } = JSON.parse(readFileSync(output, "utf8"));
  rmSync(folder, { recursive: true });
  return testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map(({ title, fullName, status }) => ({ file: name, title, fullName, status })),
  );
}

/** The results of the tests for a row, a defect, or a fault of another system. */
function status(name, { reason, shownBy = [] }, results) {
  if (reason !== undefined) return `does not apply: ${reason}`;
  const own = results.filter(({ title }) => title.startsWith(`${name}: `));
  const shown = shownBy.flatMap((by) => resultsShowing(by, results));
  const all = [...own, ...shown];
  if (all.some((result) => result.status === "failed")) return "fails";
  if (all.length === 0 || shownBy.some((by) => resultsShowing(by, results).length === 0)) return "not shown";
  return own.length > 0 ? placementsOf(own) : `holds: ${shownBy.map(byText).join("; ")}`;
}

function resultsShowing(by, results) {
  const [, file, title] = FILE_AND_TITLE.exec(by) ?? [];
  if (file === undefined) {
    const { shownBy = [] } = DEFECTS.find(({ id }) => by === `defect ${id}`) ?? {};
    const own = results.filter((result) => result.title.startsWith(`${by}: `));
    return [...own, ...shownBy.flatMap((other) => resultsShowing(other, results))];
  }
  return results.filter((result) => result.file.endsWith(`${file}.js`) && result.fullName.includes(title));
}

function byText(by) {
  const [, file, title] = FILE_AND_TITLE.exec(by) ?? [];
  return file === undefined ? by : `\`${file}.ts\` “${title} …”`;
}

function placementsOf(own) {
  const names = [...new Set(own.map(({ title }) => /\[([^[\]]*)\]$/.exec(title)[1]))];
  const missing = PLACEMENTS.map(({ name }) => name).filter((name) => !names.includes(name));
  if (missing.length === PLACEMENTS.length) return "holds";
  if (missing.length === 0) return "holds wherever a handler is";
  if (missing.length === 1) return `holds wherever a handler is but ${missing[0]}`;
  return missing.join() === PLACEMENTS[0].name ? "holds off-thread" : `holds ${names.join("; ")}`;
}

const TESTS = "dist/test/conformance/";
const own = readdirSync(join(ROOT, TESTS)).flatMap((file) =>
  /\.test\.js$/.test(file) && /^\s*(row|defect|other)\(/m.test(readFileSync(join(ROOT, TESTS, file), "utf8"))
    ? TESTS + file
    : [],
);
const elsewhere = [...DEFECTS, ...OTHERS].flatMap(({ shownBy = [] }) =>
  shownBy.map((by) => FILE_AND_TITLE.exec(by)?.[1]),
);
const files = new Set([
  ...own,
  ...elsewhere.flatMap((file) => (file === undefined ? [] : `dist/${file}.js`)),
]);
const results = resultsOf([...files]);

const rows = ROWS.map((row) => ({ ...row, status: status(`row ${row.row}`, row, results) }));
const defects = DEFECTS.map((each) => ({ ...each, status: status(`defect ${each.id}`, each, results) }));
const others = OTHERS.map((each) => ({ ...each, status: status(`other ${each.id}`, each, results) }));
const document = [
  HEAD,
  "",
  "| row | area | given, when → then | status |",
  "|---|---|---|---|",
  ...rows.map(({ row, area, text, status }) => `| ${row} | ${area} | ${text} | ${status} |`),
  "",
  "## Defects of the original that do not exist here",
  "",
  "Found in its code or by running it, by area: 1 events, 2 dispatch, 3 managers, 4 token iterators, 5 tracers and streams;",
  "(c) what its users complained about, with the numbers of its issues; and (g) groups of handlers, in this project's first",
  "version.",
  "",
  "| defect | what holds here | status |",
  "|---|---|---|",
  ...defects.map(({ id, text, status }) => `| ${id} | ${text} | ${status} |`),
  "",
  "## What others got wrong",
  "",
  "What users of other callback, tracing and streaming libraries reported, and what holds here. The source is a public report:",
  "a repository and the number of its issue or pull request.",
  "",
  "| fault | what holds here | source | status |",
  "|---|---|---|---|",
  ...others.map(({ id, text, source, status }) => `| ${id} | ${text} | ${source} | ${status} |`),
  "",
];
writeFileSync(join(ROOT, "docs/conformance.md"), document.join("\n"));

const open = [...rows, ...defects, ...others].filter(
  ({ status }) => status === "fails" || status === "not shown",
);
for (const { row, id, text, status } of open) console.error(`${status}: ${row ?? id} ${text}`);
process.exitCode = open.length === 0 ? 0 : 1;
