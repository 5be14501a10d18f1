import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Question } from "../../bench/harness/question.ts";
import { run } from "../../src/cli/bench-command.ts";
import { SidecallError } from "../../src/common/errors.ts";
import { scratch } from "../fixtures/scratch.ts";

const file = scratch();
const written = { stdout: "", stderr: "" };

beforeEach(() => {
  for (const name of ["stdout", "stderr"] as const) {
    written[name] = "";
    vi.spyOn(process[name], "write").mockImplementation((text) => {
      written[name] += text;
      return true;
    });
  }
});
afterEach(() => void vi.restoreAllMocks());

const well: Question = {
  name: "well",
  asks: "How well?",
  answer: async () => [{ peer: "a", metric: "call", unit: "µs", rounds: [1] }],
};

function failing(error: Error): Question {
  return { name: "broken", asks: "Why?", answer: () => Promise.reject(error) };
}

function ask(...questions: Question[]): Promise<number> {
  return run(["--quick", "--json", file("results.json"), "--html", file("page.html")], questions);
}

test("a failed question is reported in terminal, JSON and page, and the others go on", async () => {
  expect(await ask(failing(new Error("counted 3, not 4")), well)).toBe(4);
  const results = JSON.parse(readFileSync(file("results.json"), "utf8"));
  expect(results).toMatchObject({
    answers: [{ name: "well" }],
    unanswered: [{ name: "broken", reason: expect.stringContaining("counted 3, not 4") }],
  });
  expect(readFileSync(file("page.html"), "utf8")).toContain("counted 3, not 4");
  expect(written.stdout).toMatch(/broken: no figures\. .*counted 3, not 4[\s\S]*well: How well\?/);
  expect(written.stderr).toMatch(/^sidecall: no figures for broken: .*counted 3, not 4\n$/);
});

test("a coded error that is not the handler's fault fails its question only", async () => {
  expect(await ask(failing(new SidecallError("SIDECALL_LANE_DIED", "out of memory")), well)).toBe(4);
  expect(written.stdout).toContain("well: How well?");
});

test("a handler that cannot be loaded ends the benchmark at once", async () => {
  const error = new SidecallError("SIDECALL_MODULE_FAILED", "no such handler");
  await expect(ask(failing(error), well)).rejects.toBe(error);
  expect(written.stdout).not.toContain("well");
});
