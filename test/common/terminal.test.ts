import { expect, test } from "vitest";
import { painter } from "../../src/common/terminal.ts";

const BOLD = "\u001b[1mx\u001b[22m";
const terminal = { write: () => true, isTTY: true };
const file = { write: () => true };
const TERM = "xterm";

test.each([
  ["a terminal", terminal, undefined, { TERM }, BOLD],
  ["a file", file, undefined, { TERM }, "x"],
  ["a terminal with NO_COLOR", terminal, undefined, { TERM, NO_COLOR: "1" }, "x"],
  ["a terminal without colours", terminal, undefined, { TERM: "dumb" }, "x"],
  ["a terminal with FORCE_COLOR=0", terminal, undefined, { TERM, FORCE_COLOR: "0" }, "x"],
  ["a file with FORCE_COLOR", file, undefined, { TERM, FORCE_COLOR: "1" }, BOLD],
  ["a file with colors: true", file, true, { NO_COLOR: "1" }, BOLD],
  ["a terminal with colors: false", terminal, false, { TERM, FORCE_COLOR: "1" }, "x"],
])("painter formats text, or not, for %s", (_, stream, colors, env, expected) => {
  expect(painter(stream, colors, env)("bold", "x")).toBe(expected);
});
