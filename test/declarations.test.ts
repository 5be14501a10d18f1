import { execFile } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { scratch } from "./fixtures/scratch.ts";

/*
 * The declarations, and programs as applications write them, compiled by the oldest and the newest compiler. The programs
 * in test/types import the package by its name, and use the types of LangChain and OpenAI.
 */

const path = scratch();
const root = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));

const DECLARATIONS = ["index", "batch/index", "testing/index"].map((entry) => root(`dist/src/${entry}.d.ts`));
const PROGRAMS = readdirSync(root("test/types")).map((name) => root(`test/types/${name}`));

/** The errors that a compiler reports for an application with these options. */
async function errorsWith(compiler: string, options: object, files: readonly string[]): Promise<string> {
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: "es2022",
    allowImportingTsExtensions: true,
    types: ["node"],
    typeRoots: [root("node_modules/@types")],
    ...options,
  };
  writeFileSync(path("tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  const tsc = root(`node_modules/${compiler}/bin/tsc`);
  return promisify(execFile)(process.execPath, [tsc, "--project", path("tsconfig.json")]).then(
    ({ stdout }) => stdout,
    ({ stdout }: { stdout: string }) => stdout,
  );
}

const STRICTER = {
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
};

const OPTIONS = [
  { module: "nodenext", ...STRICTER },
  { module: "node16", lib: ["es2022"] },
  { module: "esnext", moduleResolution: "bundler" },
];

const COMPILERS = ["typescript-oldest", "typescript"];

test.each(COMPILERS.flatMap((compiler) => OPTIONS.map((options) => ({ compiler, options }))))(
  "the declarations compile in an application that checks them all: %o",
  async ({ compiler, options }) => {
    expect(await errorsWith(compiler, { ...options, skipLibCheck: false }, DECLARATIONS)).toBe("");
  },
  120_000,
);

test.each(COMPILERS.flatMap((compiler) => OPTIONS.map((options) => ({ compiler, options }))))(
  "applications' own types, and those of LangChain and OpenAI, fit: %o",
  async ({ compiler, options }) => {
    // The declarations of those libraries are not this package's to check.
    expect(await errorsWith(compiler, { ...options, skipLibCheck: true }, PROGRAMS)).toBe("");
  },
  120_000,
);
