import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/**
 * Rooms of the house from top to bottom, each a floor of its own. A file may import from its own room and from those
 * below; type imports count, and so do modules that are named by URL. Of nested rooms the innermost has the file.
 */
const ROOMS: readonly string[] = [
  "src/cli",
  "bench/guests",
  "bench",
  "bench/questions",
  "bench/report",
  "bench/children",
  "bench/peers",
  "bench/handlers",
  "bench/harness",
  "src/index.ts",
  "src/batch",
  "src/testing",
  "src/event-stream",
  "src/managers",
  "src/offthread",
  "src/transports/lanes",
  "src/transports/tasks",
  "src/transports",
  "workers/lane",
  "workers/task",
  "workers",
  "src/tracers",
  "src/handlers/modules.ts",
  "src/handlers/accounting",
  "src/handlers/iterators",
  "src/handlers/printing",
  "src/handlers",
  "src/mock-server",
  "src/wire",
  "src/values",
  "src/llm",
  "src/token-queue",
  "src/core",
  "src/shared-memory",
  "src/common",
];

/** Packages, and names of the language, that some rooms keep to themselves. */
const KEEPERS: readonly (readonly [what: RegExp, rooms: readonly string[]])[] = [
  [/from "@msgpack\/msgpack"/, ["src/wire"]],
  [/from "piscina"/, ["src/transports", "bench"]],
  [/from "comlink"/, ["src/transports", "workers"]],
  [/"(@langchain\/core|@opentelemetry\/|pino"|benchmark")/, ["bench/guests"]],
  [/"(openai|gpt-tokenizer)/, ["src/batch", "src/handlers/accounting", "bench"]],
  [/\bAtomics\./, ["src/shared-memory", "src/token-queue"]],
];

function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => /\.c?ts$/.test(file))
    .map((file) => join(folder, file));
}

const files = [...filesBelow("src"), ...filesBelow("workers"), ...filesBelow("bench")];

/** Code without comments, which may mention other rooms. */
function code(file: string): string {
  return readFileSync(join(ROOT, file), "utf8").replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
}

/** Every file that a file imports, for its types too, or names by URL. */
function namedBy(file: string): string[] {
  const specifiers = code(file).matchAll(/(?:from|import\(|import|new URL\()\s*"(\.[^"]+)"/g);
  return [...specifiers]
    .map(([, path = ""]) => join(dirname(file), path).replace(/\.(c?)js$/, ".$1ts"))
    .filter((path) => existsSync(join(ROOT, path)) && /\.c?ts$/.test(path));
}

const imports = new Map(files.map((file) => [file, namedBy(file)]));

function roomOf(file: string): string | undefined {
  const holders = ROOMS.filter((room) => file === room || file.startsWith(`${room}/`));
  return holders.sort((a, b) => b.length - a.length)[0];
}

function floorOf(file: string): number {
  return ROOMS.indexOf(roomOf(file) ?? "");
}

/** Files on a circle of imports through `file`, in their order; empty if there is none. */
function circleThrough(file: string): string[] {
  const cameFrom = new Map<string, string>();
  const open = [file];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const to of imports.get(next) ?? []) {
      if (to === file) {
        const circle = [next];
        for (let at = cameFrom.get(next); at !== undefined; at = cameFrom.get(at)) circle.unshift(at);
        return circle;
      }
      if (cameFrom.has(to)) continue;
      cameFrom.set(to, next);
      open.push(to);
    }
  }
  return [];
}

test("every room has files, and every file a room", () => {
  expect(ROOMS.filter((room) => !files.some((file) => roomOf(file) === room))).toEqual([]);
  expect(files.filter((file) => roomOf(file) === undefined)).toEqual([]);
});

test.each(files)("%s imports nothing from above, and is on no circle", (file) => {
  expect((imports.get(file) ?? []).filter((path) => floorOf(path) < floorOf(file))).toEqual([]);
  expect(circleThrough(file)).toEqual([]);
});

test.each(KEEPERS)("%s stays in its room", (what, rooms) => {
  const users = files.filter((file) => what.test(code(file)));
  expect(users).not.toEqual([]);
  expect(users.filter((file) => !rooms.some((room) => file.startsWith(`${room}/`)))).toEqual([]);
});

test("both sides of the waking protocol open with the same state diagram", () => {
  const diagramOf = (file: string) =>
    /^ \* {3}CONSUMER[\s\S]*?(?=^ \*\/)/m.exec(readFileSync(join(ROOT, file), "utf8"))?.[0];
  const diagram = diagramOf("workers/lane/wait.ts");
  expect(diagram).toContain("NAPPING");
  expect(diagramOf("src/transports/lanes/release-poll.ts")).toBe(diagram);
});

test("files that the built package names by URL are found", () => {
  expect(imports.get("src/transports/lanes/lane-thread.ts")).toContain("workers/lane/entry.cts");
  expect(imports.get("src/tracers/modules.ts")).toContain("src/tracers/json-lines-tracer.ts");
});
