import { afterEach, expect, test, vi } from "vitest";
import { AsyncCallbackManager, ConsoleTracer } from "../../src/index.ts";
import { collectFailures } from "../placements.ts";
import { record } from "../support/records.ts";

function printer(options: { colors?: boolean; isTTY?: boolean } = {}) {
  const { isTTY, ...rest } = options;
  const texts: string[] = [];
  const stream = { write: (text: string) => texts.push(text), isTTY };
  const tracer = new ConsoleTracer({ stream, ...rest });
  const manager = new AsyncCallbackManager({ handlers: [tracer], inheritableHandlers: [tracer] });
  return { texts, tracer, manager };
}

afterEach(() => vi.unstubAllEnvs());

const plain = () => {
  vi.stubEnv("FORCE_COLOR", undefined);
  vi.stubEnv("NO_COLOR", undefined);
  vi.stubEnv("CI", undefined);
};

test("prints starts, ends and errors when they happen, with the runs above", async () => {
  plain();
  const { texts, manager } = printer();
  const chain = await manager.onChainStart({ name: "agent" }, { question: "?" });
  expect(texts).toEqual(['[chain/start] [chain:agent] Entering with inputs:\n{\n  "question": "?"\n}\n']);
  const tool = await chain.getChild().onToolStart({ name: "look" }, "sky");
  const [model] = await tool.getChild().onLLMStart({ name: "gpt" }, ["hi"]);
  await model?.onLLMNewToken("a");
  await model?.onLLMError(new TypeError("no answer"));
  await tool.onToolEnd("blue");
  await chain.onChainEnd("done");
  expect(texts).toHaveLength(6);
  expect(texts[1]).toBe(
    '[tool/start] [chain:agent > tool:look] Entering with inputs:\n{\n  "input": "sky"\n}\n',
  );
  const path = "[chain:agent > tool:look > llm:gpt]";
  expect(texts[2]).toContain(`[llm/start] ${path} Entering with inputs:\n{\n  "prompts": [`);
  expect(texts[3]).toMatch(
    /^\[llm\/error\] \[chain:agent > tool:look > llm:gpt\] \[\d+ ms\] Failed with error:\n/,
  );
  expect(texts[3]).toMatch(/TypeError: no answer\n +at /);
  expect(texts[4]).toMatch(
    /^\[tool\/end\] .*\[\d+ ms\] Leaving with outputs:\n{\n {2}"output": "blue"\n}\n$/,
  );
  expect(texts[5]).toMatch(/^\[chain\/end\] \[chain:agent\] /);
});

test("prints a run's duration in milliseconds, from one second on in seconds", () => {
  plain();
  const { texts, tracer } = printer();
  const at = (timestamp: number) => ({ timestamp, inputs: {}, outputs: {} });
  for (const millis of [0, 0.4, 999, 1000, 61_234]) {
    tracer.onEvent(record("on_chain_start", "r", at(5000)));
    tracer.onEvent(record("on_chain_end", "r", at(5000 + millis)));
  }
  const times = texts.flatMap((text) => /\[([\d.]+ m?s)\]/.exec(text)?.[1] ?? []);
  expect(times).toEqual(["0 ms", "0 ms", "999 ms", "1.00 s", "61.23 s"]);
});

test("values without a JSON form are printed in a readable one", async () => {
  plain();
  const { texts, manager } = printer();
  const inputs: Record<string, unknown> = { big: 1n };
  inputs["self"] = inputs;
  await (await manager.onChainStart(null, inputs)).onChainError({ status: 5 });
  expect(texts[0]).toContain('"big": "1"');
  expect(texts[0]).toMatch(/"self": \{\s+"standIn": "cycle"/);
  expect(texts[1]).toContain('{"status":5}');
});

const ESCAPE = "\u001b[";

test.each([
  ["a terminal", { isTTY: true }, { TERM: "xterm-256color" }, true],
  ["no terminal", {}, {}, false],
  ["a terminal and NO_COLOR", { isTTY: true }, { NO_COLOR: "1" }, false],
  ["no terminal and FORCE_COLOR", {}, { FORCE_COLOR: "1" }, true],
  ["a terminal and FORCE_COLOR=0", { isTTY: true }, { FORCE_COLOR: "0" }, false],
  ["colors: false", { isTTY: true, colors: false }, { FORCE_COLOR: "1" }, false],
  ["colors: true", { colors: true }, { NO_COLOR: "1" }, true],
])("colours: %s", async (_, options, env, isColoured) => {
  plain();
  for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
  const { texts, manager } = printer(options);
  await (await manager.onChainStart({ name: "c" }, {})).onChainEnd({});
  expect(texts.map((text) => text.includes(ESCAPE))).toEqual([isColoured, isColoured]);
  if (isColoured) expect(texts[0]).toContain(`${ESCAPE}32m[chain/start]${ESCAPE}39m`);
});

test("prints the valid events of misused runs and reports the others", async () => {
  plain();
  const { texts, manager } = printer();
  const failures = await collectFailures(async () => {
    const chain = await manager.onChainStart({ name: "c" }, {});
    const tool = await chain.getChild().onToolStart({ name: "t" }, "");
    await chain.onChainEnd({});
    await tool.onToolEnd(1);
  });
  expect(texts.map((text) => text.split(" ")[0])).toEqual(["[chain/start]", "[tool/start]", "[chain/end]"]);
  expect(failures.map(({ error }) => error)).toMatchObject([
    { code: "SIDECALL_RUN_LEFT_OPEN" },
    { code: "SIDECALL_RUN_UNKNOWN" },
  ]);
});

test.each([{ stream: {} }, { stream: null }, { colors: "yes" }, { color: true }])("refuses %o", (options) => {
  const make = () => Reflect.construct(ConsoleTracer, [options]);
  expect(make).toThrow(expect.objectContaining({ code: "SIDECALL_OPTION_INVALID" }));
});
