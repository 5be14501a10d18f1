import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { startMockServer } from "../../src/testing/index.ts";
import { RunningCommand, sidecall } from "../fixtures/cli.ts";

test("prints its version and help", async () => {
  expect((await sidecall("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
  const { code, stdout } = await sidecall("--help");
  expect(code).toBe(0);
  for (const name of ["batch", "mock-server", "demo", "bench"]) {
    expect(stdout).toContain(name);
    expect((await sidecall(name, "--help")).stdout).toContain(`sidecall ${name}`);
  }
});

test.each([[[]], [["btach"]], [["toString"]], [["mock-server", "--seed", "x"]], [["demo", "extra"]]])(
  "a wrong command line is one coded line and exit code 2: %j",
  async (args) => {
    const { code, stdout, stderr } = await sidecall(...args);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^sidecall: .* \[SIDECALL_USAGE\]\n$/);
  },
);

test("the mock server prints its URL, answers, and ends with SIGTERM", async () => {
  const command = new RunningCommand(["mock-server", "--seed", "4", "--tokens-per-second", "100000"]);
  await expect.poll(() => command.stdout, { timeout: 20_000 }).toContain("\n");
  const url = /http:\S+/.exec(command.stdout)?.[0];
  const inProcess = await startMockServer({ seed: 4 });
  const body = JSON.stringify({ model: "m", messages: [{ role: "user", content: "hi" }] });
  const ask = async (base = url) =>
    (await fetch(`${base}/chat/completions`, { method: "POST", body })).json();
  expect(await ask()).toEqual(await ask(inProcess.url));
  await inProcess.close();
  command.kill("SIGTERM");
  expect(await command.result).toMatchObject({ code: 0, stderr: "" });
});

test("a taken port is one coded line", async () => {
  const taken = await startMockServer();
  const { code, stderr } = await sidecall("mock-server", "--port", String(taken.port));
  await taken.close();
  expect(code).toBe(2);
  expect(stderr).toMatch(/^sidecall: .* \[SIDECALL_OPTION_INVALID\]\n$/);
});

test("the demo runs its prompts and shows the results", async () => {
  const { code, stdout } = await sidecall("demo");
  expect(code).toBe(0);
  expect(stdout).toMatch(/runs +210\n/);
  expect(stdout).toMatch(/failures +0 /);
  expect(stdout).toContain("First traces");
  expect(stdout).toContain('"runType":"chat_model"');
});

test("an empty event loop before the command has finished is an internal error with exit code 4", () => {
  const program = fileURLToPath(new URL("../fixtures/stuck-program.js", import.meta.url));
  const { status, stderr } = spawnSync(process.execPath, [program], { encoding: "utf8" });
  expect(status).toBe(4);
  expect(stderr).toMatch(/^sidecall: internal error: the event loop is empty/);
});
