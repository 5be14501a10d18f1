import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Rooms of the house from top to bottom. A file imports from its own room and from those below. */
const FLOORS: readonly (readonly string[])[] = [
  ["src/cli"],
  ["bench"],
  ["src/index.ts"],
  ["src/batch"],
  ["src/event-stream"],
  ["src/managers"],
  ["src/offthread"],
  ["src/transports"],
  ["workers"],
  ["src/tracers"],
  ["src/handlers"],
  ["src/mock-server"],
  ["src/llm", "src/wire", "src/token-queue"],
  ["src/core", "src/shared-memory"],
  ["src/common"],
];

/** Packages, and names of the language, that one room keeps to itself. */
const KEEPERS: readonly (readonly [what: RegExp, rooms: readonly string[]])[] = [
  [/from "@msgpack\/msgpack"/, ["src/wire"]],
  [/from "piscina"/, ["src/transports", "bench"]],
  [/from "comlink"/, ["src/transports", "workers"]],
  [/"(@langchain\/core|@opentelemetry\/|pino"|benchmark")/, ["bench/guests"]],
  [/"(openai|gpt-tokenizer)/, ["src/batch", "src/handlers", "bench"]],
  [/\bAtomics\./, ["src/shared-memory", "src/token-queue"]],
];

function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => join(folder, file));
}

const files = [...filesBelow("src"), ...filesBelow("workers"), ...filesBelow("bench")];

/** Code without comments, in which rooms may be spoken of. */
function code(file: string): string {
  return readFileSync(join(ROOT, file), "utf8").replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
}

function floorOf(file: string): number {
  return FLOORS.findIndex((rooms) => rooms.some((room) => file === room || file.startsWith(`${room}/`)));
}

test.each(files)("%s imports nothing from above", (file) => {
  const imported = [...code(file).matchAll(/(?:from|import\() ?"(\.[^"]+)"/g)].map(([, path]) =>
    relative(ROOT, join(ROOT, dirname(file), path ?? "")),
  );
  expect(imported.filter((path) => floorOf(path) < floorOf(file))).toEqual([]);
});

test.each(KEEPERS)("%s stays in its room", (what, rooms) => {
  const users = files.filter((file) => what.test(code(file)));
  const strangers = users.filter((file) => !rooms.some((room) => file.startsWith(`${room}/`)));
  expect(strangers).toEqual([]);
});
