import { execFile } from "node:child_process";
import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";
import { scratch } from "../fixtures/scratch.ts";

/* Two copies of the package in one process, as a monorepo with two versions has them. */

const DIST = fileURLToPath(new URL("../../", import.meta.url));
const PROGRAM = fileURLToPath(new URL("../fixtures/copies-program.js", import.meta.url));
const path = scratch();

const HANDLER = `
  import { SidecallError, StandIn } from "./second/dist/src/index.js";
  export default class Audit {
    raiseError = true;
    seen = [];
    onChainStart({ inputs }) { this.seen.push(inputs instanceof StandIn); }
    onText() { throw new SidecallError("SIDECALL_CLOSED", "no"); }
    take() { return this.seen; }
  }`;

let found: Readonly<Record<string, unknown>>;

beforeAll(async () => {
  symlinkSync(`${DIST}../node_modules`, path("node_modules"));
  for (const copy of ["first", "second"]) {
    mkdirSync(path(copy));
    cpSync(`${DIST}../package.json`, path(`${copy}/package.json`));
    for (const part of ["src", "workers"]) {
      cpSync(`${DIST}${part}`, path(`${copy}/dist/${part}`), { recursive: true });
    }
  }
  writeFileSync(path("audit.mjs"), HANDLER);
  const entries = ["first", "second"].map((copy) => path(`${copy}/dist/src/index.js`));
  const run = promisify(execFile)(process.execPath, [PROGRAM, ...entries, path("audit.mjs")]);
  found = JSON.parse((await run).stdout);
  expect(found["areTwo"]).toBe(true);
}, 60_000);

test("a context of one copy reaches the managers of the other: run, handlers, tags, metadata, signal", () => {
  const context = { tags: ["tag", "around"], metadata: { key: 1 }, parentRunId: "outer", isSame: true };
  expect(found["context"]).toEqual(context);
  const inner = ["on_tool_start outer", "on_tool_end outer"];
  const custom = ["on_custom_event root", "on_custom_event root"];
  expect(found["custom"]).toEqual(["on_chain_start root", ...inner, ...custom]);
});

test("managers, run managers and groups of one copy are accepted by the other", () => {
  expect(found["group"]).toBe("group");
  expect(found["accepted"]).toEqual([["tag"], ["tag"], ["tag"], "outer"]);
});

test("hooks for configure are asked by every copy, and removed for every copy", () => {
  expect(found["hooks"]).toEqual([true, false]);
});

test("an off-thread handler works with either copy, and its failures are reported once", () => {
  const outcome = { isCoded: true, seen: [true], failures: ["Audit"] };
  expect(found["ofSecond"]).toEqual(outcome);
  expect(found["ofFirst"]).toEqual(outcome);
});

test("instanceof holds for errors and stand-ins of every copy; a subclass has only its own", () => {
  expect(found["instances"]).toEqual([true, true, true, true, false, false, false]);
});

test("a stream of one copy has the runs of the other", () => {
  expect(found["streamed"]).toEqual(["on_chain_start", "on_chain_end"]);
});
