import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { EVENTS } from "../src/index.ts";

const README = readFileSync(new URL("../../README.md", import.meta.url), "utf8");

/** The README's table, as the event table gives it. */
function eventTable(): string {
  const rows = Object.entries(EVENTS).map(([event, { method, gate, fields }]) => {
    const own = fields.map((field) => `\`${field}\``).join(", ");
    return `| ${event} | \`${method}\` | ${gate === undefined ? "" : `\`${gate}\``} | ${own} |`;
  });
  return ["| event | method | flag | own fields |", "|---|---|---|---|", ...rows].join("\n");
}

test("the table of events is the event table", () => {
  const [, shown] = /<!-- events -->\n([\s\S]*?)\n?<!-- \/events -->/.exec(README) ?? [];
  expect(shown).toBe(eventTable());
});

test("the example runs as printed", async () => {
  // Below the package, so that its files find it by its name.
  const folder = new URL("./readme-example/", import.meta.url);
  mkdirSync(folder, { recursive: true });
  for (const [, name, code] of README.matchAll(/```js\n\/\/ (\S+\.js)\n([\s\S]*?)```/g)) {
    writeFileSync(new URL(name ?? "", folder), code ?? "");
  }
  const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(new URL("app.js", folder))]);
  expect(stdout).toBe("[ 3 ]\n");
});
