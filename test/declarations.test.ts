import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { scratch } from "./fixtures/scratch.ts";

const path = scratch();
const root = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));

/** Errors of the compiler in the package's declarations, for an application with these options. */
async function errorsWith(options: object): Promise<string> {
  const compilerOptions = {
    strict: true,
    skipLibCheck: false,
    noEmit: true,
    module: "nodenext",
    target: "es2022",
    types: ["node"],
    typeRoots: [root("node_modules/@types")],
    ...options,
  };
  const files = ["index", "batch/index", "testing/index"].map((entry) => root(`dist/src/${entry}.d.ts`));
  writeFileSync(path("tsconfig.json"), JSON.stringify({ compilerOptions, files }));
  const compiler = root("node_modules/typescript/bin/tsc");
  return promisify(execFile)(process.execPath, [compiler, "--project", path("tsconfig.json")]).then(
    ({ stdout }) => stdout,
    ({ stdout }: { stdout: string }) => stdout,
  );
}

test.each([
  { lib: ["es2022"] },
  {
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    noPropertyAccessFromIndexSignature: true,
  },
])("the declarations compile in an application that checks them all: %o", async (options) => {
  expect(await errorsWith(options)).toBe("");
});
