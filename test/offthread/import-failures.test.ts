import { writeFileSync } from "node:fs";
import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { type ErrorCode, offThread, SidecallError } from "../../src/index.ts";
import { scratch } from "../fixtures/scratch.ts";

/* A handler module that cannot be imported: the error says which file is at fault, and where in it. */

const path = scratch();

function module(name: string, ...lines: string[]): string {
  writeFileSync(path(name), lines.join("\n"));
  return path(name);
}

module("broken.mjs", "export const a = 1;", "", "export class Audit {", "  onText( { }", "}");

const NODE_MAJOR = Number.parseInt(process.versions.node, 10);

describe.each(["trace", "none"] as const)("with ordering %s", (ordering) => {
  async function failure(file: string, code: ErrorCode = "SIDECALL_MODULE_FAILED"): Promise<SidecallError> {
    const [result] = await Promise.allSettled([offThread({ module: file }, { ordering })]);
    const error: unknown = result?.status === "rejected" ? result.reason : undefined;
    if (!(error instanceof SidecallError)) throw new Error("no coded error");
    expect(error.code).toBe(code);
    return error;
  }

  test("a syntax error in an ES module has its file, line and source", async () => {
    for (const file of [path("broken.mjs"), module("importing.mjs", 'import "./broken.mjs";')]) {
      const error = await failure(file);
      expect(error.message).toMatch(/SyntaxError: Unexpected token '}' at file:.*broken\.mjs:5\.$/);
      expect(error.cause).toBeInstanceOf(SyntaxError);
      expect((error.cause as SyntaxError).stack).toMatch(/^file:.*broken\.mjs:5\n}\n\^\n/);
      expect(inspect(error)).toMatch(/cause\]: file:.*broken\.mjs:5/);
    }
  });

  test("a syntax error in a CommonJS module, and in one that a factory imports, has them too", async () => {
    const common = await failure(module("broken.cjs", "", "const x = ;"));
    expect(common.message).toMatch(/SyntaxError: Unexpected token ';' at .*broken\.cjs:2\.$/);
    const factory = module("factory.mjs", 'export default async () => import("./broken.mjs");');
    const error = await failure(factory, "SIDECALL_FACTORY_FAILED");
    expect(error.message).toMatch(/SyntaxError: .* at file:.*broken\.mjs:5\.$/);
  });

  test("a missing import names itself and the file that imports it", async () => {
    const missing = await failure(module("a.mjs", 'import "./missing.mjs";'));
    expect(missing.message).toMatch(/missing\.mjs' imported from .*a\.mjs\.$/);
    const noPackage = await failure(module("b.mjs", 'import "no-such-package";'));
    expect(noPackage.message).toMatch(/'no-such-package' imported from .*b\.mjs\.$/);
    module("empty.mjs", "");
    const noExport = await failure(module("c.mjs", 'import { gone } from "./empty.mjs";'));
    expect(noExport.message).toMatch(/export named 'gone' at file:.*c\.mjs:1\.$/);
  });

  test("a missing module is called missing; a TypeScript file of its name is named", async () => {
    expect((await failure(path("nowhere.mjs"))).message).toMatch(/nowhere\.mjs: there is no such file\.$/);
    module("typed.ts", "");
    expect((await failure(path("typed.js"))).message).toMatch(/no such file; .*typed\.ts exists/);
  });

  test.each([
    ["export default undefined;", /`default` of .* handler; it is undefined\.$/],
    ["export default null;", /; got null\.$/],
    ["export const name = 'x';", /it exports name\.$/],
    ["export class Audit { onText() {} }", /it exports Audit\. Name the one to take .* `export: "Audit"`\.$/],
    ["export const audit = {}; export default class {}", /without methods.* `export: "audit"`\.$/],
  ])("a module without the handler says what it exports: %s", async (source, text) => {
    const error = await failure(module("exporting.mjs", source), "SIDECALL_NOT_A_HANDLER");
    expect(error.message).toMatch(text);
  });

  test("a CommonJS module whose handler is a named export says so", async () => {
    const file = module("named.cjs", "exports.Audit = class { onText() {} };");
    expect((await failure(file, "SIDECALL_NOT_A_HANDLER")).message).toMatch(/`export: "Audit"`\.$/);
  });

  test("a class that was compiled to a function is built as a class", async () => {
    const source =
      "function Audit() { this.seen = 0; }\nAudit.prototype.onText = () => {};\nmodule.exports = Audit;";
    const handler = await offThread({ module: module("compiled.cjs", source) }, { ordering });
    await handler.close();
  });

  test("an error of the module's own code stays as it is", async () => {
    const error = await failure(module("throwing.mjs", "JSON.parse('{');"));
    expect(error.cause).toBeInstanceOf(SyntaxError);
    expect((error.cause as SyntaxError).stack).toMatch(/^SyntaxError: [\s\S]*throwing\.mjs:1/);
  });

  test.skipIf(NODE_MAJOR >= 22)(
    "a TypeScript module that this Node.js cannot load says what helps",
    async () => {
      const error = await failure(module("audit.ts", "export default { onText(): void {} };"));
      expect(error.message).toMatch(/Unknown file extension "\.ts".*built `\.js` file/);
    },
  );
});
