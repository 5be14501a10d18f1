import { expect, onTestFinished, test, vi } from "vitest";
import { AsyncCallbackManager, StdOutCallbackHandler, type StdOutOptions } from "../../src/index.ts";

function setUp(options: StdOutOptions = {}) {
  const writes: string[] = [];
  const stream = { write: (text: string) => void writes.push(text) };
  const handler = new StdOutCallbackHandler({ stream, colors: true, ...options });
  return {
    writes,
    stream,
    manager: new AsyncCallbackManager({ handlers: [handler], inheritableHandlers: [handler] }),
  };
}

const bold = (text: string) => `\u001b[1m${text}\u001b[22m`;
const green = (text: string) => `\u001b[32m${text}\u001b[39m`;

test.each([
  ["the run's name", { name: "serialized" }, { name: "own" }, "own"],
  ["the serialized name", { name: "serialized", id: ["a", "b"] }, {}, "serialized"],
  ["the last part of the serialized id", { id: ["a", "b"] }, {}, "b"],
  ["nothing", null, {}, "<unknown>"],
])("a chain is named by %s", async (_, serialized, options, name) => {
  const { writes, manager } = setUp({ colors: false });
  await manager.onChainStart(serialized, {}, options);
  expect(writes).toEqual([`\n\n> Entering new ${name} chain...\n`]);
});

test("agents' logs, tools' outputs and texts come in the given colour, one write each", async () => {
  const options = { color: "green", observationPrefix: "Observation: ", llmPrefix: "Thought:" } as const;
  const { writes, manager } = setUp(options);
  const chain = await manager.onChainStart(null, {});
  await chain.onAgentAction({ tool: "search", toolInput: "q", log: "I search." });
  const tool = await chain.getChild().onToolStart({ name: "search" }, "q");
  await tool.onToolEnd("found");
  await chain.onText("and so");
  await chain.onAgentFinish({ returnValues: {}, log: "Done." });
  expect(writes.slice(1)).toEqual([
    green("I search."),
    `\nObservation: ${green("found")}\nThought:`,
    green("and so"),
    `${green("Done.")}\n`,
  ]);
});

test("a value that is no text is printed as the text in it, else as JSON", async () => {
  const { writes, manager } = setUp();
  const chain = await manager.onChainStart(null, {});
  const messages = [
    { content: [{ type: "text", text: "said" }] },
    { role: "tool", parts: [{ text: "said" }] },
    { lc: 1, type: "constructor", id: ["ToolMessage"], kwargs: { content: "said" } },
    { type: "tool", data: { content: "said" } },
  ];
  for (const output of [...messages, { rows: [1] }, { text: "t", rows: [1] }, undefined]) {
    const tool = await chain.getChild().onToolStart(null, "q");
    await tool.onToolEnd(output);
  }
  await chain.onAgentAction({ tool: "t" });
  const values = ['{"rows":[1]}', '{"text":"t","rows":[1]}', "null", '{"tool":"t"}'];
  expect(writes.slice(1)).toEqual([...messages.map(() => "said"), ...values]);
});

test("by default a terminal gets colours, another stream none", async () => {
  for (const name of ["FORCE_COLOR", "NO_COLOR"]) vi.stubEnv(name, undefined);
  vi.stubEnv("TERM", "xterm");
  vi.stubEnv("CI", undefined);
  onTestFinished(() => void vi.unstubAllEnvs());
  const texts = await Promise.all(
    [false, true].map(async (isTTY) => {
      const writes: string[] = [];
      const stream = { isTTY, write: (text: string) => void writes.push(text) };
      const handler = new StdOutCallbackHandler({ stream });
      const chain = await new AsyncCallbackManager({ handlers: [handler] }).onChainStart(null, {});
      await chain.onChainEnd({});
      return writes[1];
    }),
  );
  expect(texts).toEqual(["\n> Finished chain.\n", `\n${bold("> Finished chain.")}\n`]);
});

test.each([
  ["stream", { stream: {} }],
  ["colors", { colors: "always" }],
  ["color", { color: "beige" }],
  ["observationPrefix", { observationPrefix: 1 }],
  ["colour", { colour: "green" }],
])("a wrong `%s` is refused and named", (name, options) => {
  const refused = expect.objectContaining({
    code: "SIDECALL_OPTION_INVALID",
    message: expect.stringContaining(`\`${name}\``),
  });
  expect(() => new StdOutCallbackHandler(options as unknown as StdOutOptions)).toThrow(refused);
});
