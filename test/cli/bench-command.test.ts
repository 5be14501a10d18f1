import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { sidecall } from "../fixtures/cli.ts";
import { scratch } from "../fixtures/scratch.ts";

const file = scratch();
const TIMEOUT = { timeout: 120_000 };

test("answers the questions that are asked, in the terminal, as JSON and as a page", TIMEOUT, async () => {
  const [json, html] = [file("a.json"), file("a.html")];
  const { code, stdout, stderr } = await sidecall(
    "bench",
    "lifecycle",
    "--quick",
    "--json",
    json,
    "--html",
    html,
  );
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toContain("| off-thread, 1 handler");
  const results = JSON.parse(readFileSync(json, "utf8"));
  expect(results).toMatchObject({ profile: "quick", answers: [{ name: "lifecycle" }], targets: [] });
  expect(results.machine.versions.sidecall).toMatch(/^\d/);
  expect(readFileSync(html, "utf8")).toContain('<h2 id="lifecycle">');
});

const OWN = fileURLToPath(new URL("../fixtures/own-handlers.js", import.meta.url));

test.each([
  { args: ["speed"], message: /got "speed"/ },
  {
    args: ["throughput", "--handler", OWN],
    message: /a question for a handler \(token-burst, .*got "throughput"/,
  },
  { args: ["--fast"], message: /--fast/ },
])("a wrong command line is one coded line that lists the questions: $args", async ({ args, message }) => {
  const { code, stdout, stderr } = await sidecall("bench", ...args);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(/\[SIDECALL_USAGE\]\n$/);
});

test("a file that cannot be written ends the command before the first measurement", async () => {
  const { code, stdout, stderr } = await sidecall("bench", "--json", file("no/a.json"));
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/\[SIDECALL_FILE_NOT_WRITABLE\]\n$/);
});

test("--handler measures a handler inline and off-thread", TIMEOUT, async () => {
  const { code, stdout, stderr } = await sidecall(
    "bench",
    "lifecycle",
    "--quick",
    "--handler",
    `${OWN}#texts`,
  );
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/\| inline, 1 handler/);
  expect(stdout).toMatch(/\| off-thread, 1 handler/);
  expect(stdout).not.toContain("Piscina");
});

test("failures of a --handler are reported and make exit code 1", TIMEOUT, async () => {
  const { code, stderr } = await sidecall("bench", "lifecycle", "--quick", "--handler", OWN);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^sidecall: handler \S+ failed at on_chat_model_start: Error: thrown by the test's handler; others are counted\n/,
  );
  expect(stderr).toMatch(/sidecall: [1-9]\d* failures in all; the figures contain them\n$/);
});

test("a --handler that cannot be loaded is one coded line", TIMEOUT, async () => {
  const { code, stderr } = await sidecall(
    "bench",
    "lifecycle",
    "--quick",
    "--handler",
    "./no-such-handler.js",
  );
  expect(code).toBe(2);
  expect(stderr).toMatch(/^sidecall: .* \[SIDECALL_MODULE_FAILED\]\n$/);
});

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/${name}.js`, import.meta.url));

test("--peers adds questions, peers, package versions and targets", TIMEOUT, async () => {
  const json = file("a.json");
  const args = ["lifecycle", "further", "--quick", "--peers", fixture("bench-peers"), "--json", json];
  const { code, stdout, stderr } = await sidecall("bench", ...args);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/\| off-thread, 1 handler [\s\S]*\| inline, 3 handlers/);
  expect(stdout).toContain("further: What else?");
  const results = JSON.parse(readFileSync(json, "utf8"));
  expect(results.answers.map(({ name }: { name: string }) => name)).toEqual(["lifecycle", "further"]);
  expect(results.machine.versions["fast-check"]).toMatch(/^\d/);
  expect(results.targets).toMatchObject([{ name: "lifecycle ÷ further", verdict: "ok" }]);
});

test.each([
  {
    module: file("no-such-peers.js"),
    message: /Could not import .*no-such-peers\.js: .* \[SIDECALL_MODULE_FAILED\]/,
  },
  { module: fixture("modules"), message: /modules\.js .*got undefined \[SIDECALL_OPTION_INVALID\]/ },
  { module: fixture("own-handlers"), message: /own-handlers\.js .*got .* \[SIDECALL_OPTION_INVALID\]/ },
])("a --peers module that cannot be used is one coded line: $module", async ({ module, message }) => {
  const { code, stdout, stderr } = await sidecall("bench", "lifecycle", "--quick", "--peers", module);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toMatch(/^sidecall: [^\n]+\n$/);
  expect(stderr).toMatch(message);
});
