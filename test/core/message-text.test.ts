import { AIMessage, ChatMessage, HumanMessage, SystemMessage, ToolMessage } from "@langchain/core/messages";
import fc from "fast-check";
import { expect, test } from "vitest";
import { bufferString, contentText, messageText } from "../../src/core/message-text.ts";

const line = (message: unknown) => bufferString([message]);
const text = (message: string) => ({ type: "text", text: message });

class OldHumanMessage {
  readonly content = "hi";
  _getType(): string {
    return "human";
  }
}

const human = new HumanMessage("hi");
const IMAGE = { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } };

test.each<[form: string, message: unknown, line: string]>([
  ["a role", { role: "user", content: "hi" }, "Human: hi"],
  ["Gemini's role", { role: "model", parts: [{ text: "hi" }] }, "AI: hi"],
  [
    "Gemini's content object",
    { role: "user", content: { role: "user", parts: [{ text: "hi" }] } },
    "Human: hi",
  ],
  ["Cohere's role", { role: "CHATBOT", message: "hi" }, "AI: hi"],
  ["OpenAI's developer", { role: "developer", content: "hi" }, "System: hi"],
  ["an unknown role", { role: "Critic", content: "hi" }, "Critic: hi"],
  ["Python's type", { type: "human", content: "hi" }, "Human: hi"],
  ["Python's class as type", { type: "AIMessageChunk", content: "hi" }, "AI: hi"],
  ["a LangChain instance", human, "Human: hi"],
  ["a LangChain instance of a free role", new ChatMessage("hi", "Critic"), "Critic: hi"],
  ["an older LangChain instance", new OldHumanMessage(), "Human: hi"],
  ["a serialized LangChain message", human.toJSON(), "Human: hi"],
  ["its JSON", JSON.parse(JSON.stringify(new SystemMessage("hi"))), "System: hi"],
  ["a stored LangChain message", new AIMessage("hi").toDict(), "AI: hi"],
  ["a stored one of a free role", new ChatMessage("hi", "Critic").toDict(), "Critic: hi"],
  ["an old stored message", { type: "human", text: "hi", role: undefined }, "Human: hi"],
  ["a pair", ["user", "hi"], "Human: hi"],
  ["a pair of a class and blocks", ["ai", [text("h"), text("i")]], "AI: hi"],
  ["a string", "hi", "Human: hi"],
  ["the AI SDK's UI message", { id: "1", role: "user", parts: [text("hi")] }, "Human: hi"],
  [
    "an item of OpenAI Responses",
    { type: "message", role: "user", content: [{ type: "input_text", text: "hi" }] },
    "Human: hi",
  ],
  ["its reasoning", { type: "reasoning", summary: [{ type: "summary_text", text: "hm" }] }, "AI: "],
  [
    "output text and a refusal",
    {
      role: "assistant",
      content: [
        { type: "output_text", text: "a" },
        { type: "refusal", refusal: "b" },
      ],
    },
    "AI: ab",
  ],
  ["a refusal beside the content", { role: "assistant", content: null, refusal: "no" }, "AI: no"],
  [
    "a spoken answer",
    { role: "assistant", content: null, audio: { id: "a", data: "AAAA", transcript: "hi" } },
    "AI: hi",
  ],
  [
    "text of the Assistants API",
    { role: "assistant", content: [{ type: "text", text: { value: "hi", annotations: [] } }] },
    "AI: hi",
  ],
  ["text beside an image", { role: "user", content: [text("hi"), IMAGE] }, "Human: hi"],
  [
    "Gemini's inline data",
    { role: "user", parts: [{ inlineData: { mimeType: "image/png", data: "AAAA" } }, { text: "hi" }] },
    "Human: hi",
  ],
  [
    "thoughts",
    {
      role: "assistant",
      content: [{ type: "thinking", thinking: "hm" }, { type: "reasoning", text: "hm" }, text("hi")],
    },
    "AI: hi",
  ],
  ["Gemini's thoughts", { role: "model", parts: [{ text: "hm", thought: true }, { text: "hi" }] }, "AI: hi"],
  ["a call of OpenAI's own tools", { type: "web_search_call", id: "w", status: "completed" }, "AI: "],
  [
    "a whole completion of OpenAI",
    { choices: [{ message: { role: "assistant", content: "hi" } }] },
    "AI: hi",
  ],
  [
    "a whole response of Gemini",
    { candidates: [{ content: { role: "model", parts: [{ text: "hi" }] } }] },
    "AI: hi",
  ],
  [
    "Bedrock's guarded text",
    { role: "user", content: [{ guardContent: { text: { text: "hi", qualifiers: ["query"] } } }] },
    "Human: hi",
  ],
  [
    "Bedrock's citations",
    { role: "assistant", content: [{ citationsContent: { content: [{ text: "hi" }], citations: [{}] } }] },
    "AI: hi",
  ],
  ["null", { role: "user", content: null }, "Human: "],
  ["no content", { role: "user" }, "Human: "],
  ["a number", { role: "user", content: 7 }, "Human: 7"],
  ["no message", null, ": "],
])("a message in the form of %s gives its text", (_, message, expected) => {
  expect(line(message)).toBe(expected);
});

const RESULT = { city: "Rome", degrees: 21 };
const RESULT_TEXT = JSON.stringify(RESULT);

test.each<[form: string, message: unknown, line: string]>([
  ["a tool's message", { role: "tool", tool_call_id: "c", content: "21" }, "Tool: 21"],
  ["a tool's message with a value", { role: "tool", content: RESULT }, `Tool: ${RESULT_TEXT}`],
  ["LangChain's tool message", new ToolMessage({ content: [text("21")], tool_call_id: "c" }), "Tool: 21"],
  [
    "Anthropic's block",
    { role: "user", content: [{ type: "tool_result", tool_use_id: "c", content: "21" }] },
    "Human: 21",
  ],
  [
    "Anthropic's blocks",
    { role: "user", content: [{ type: "tool_result", content: [text("2"), text("1")] }] },
    "Human: 21",
  ],
  [
    "OpenAI's item",
    { type: "function_call_output", call_id: "c", output: RESULT_TEXT },
    `Tool: ${RESULT_TEXT}`,
  ],
  [
    "Gemini's part",
    { role: "user", parts: [{ functionResponse: { name: "f", response: RESULT } }] },
    `Human: ${RESULT_TEXT}`,
  ],
  [
    "Bedrock's blocks",
    {
      role: "user",
      content: [{ toolResult: { toolUseId: "c", content: [{ json: RESULT }, { text: "!" }] } }],
    },
    `Human: ${RESULT_TEXT}!`,
  ],
  [
    "the output of OpenAI's shell",
    { type: "shell_call_output", call_id: "c", output: [{ stdout: "21", stderr: "" }] },
    `Tool: ${JSON.stringify([{ stdout: "21", stderr: "" }])}`,
  ],
  [
    "a screenshot for OpenAI",
    { type: "computer_call_output", output: { type: "computer_screenshot", image_url: "data:," } },
    "Tool: ",
  ],
  [
    "Cohere's document",
    { role: "tool", content: [{ type: "document", document: { id: "d", data: RESULT_TEXT } }] },
    `Tool: ${RESULT_TEXT}`,
  ],
  [
    "AI SDK 4's part",
    { role: "tool", content: [{ type: "tool-result", toolName: "f", result: RESULT }] },
    `Tool: ${RESULT_TEXT}`,
  ],
  [
    "AI SDK 5's text",
    { role: "tool", content: [{ type: "tool-result", output: { type: "text", value: "21" } }] },
    "Tool: 21",
  ],
  [
    "AI SDK 5's value",
    { role: "tool", content: [{ type: "tool-result", output: { type: "json", value: RESULT } }] },
    `Tool: ${RESULT_TEXT}`,
  ],
])("a tool's result in the form of %s is text", (_, message, expected) => {
  expect(line(message)).toBe(expected);
});

test("roles are never looked up on Object.prototype", () => {
  for (const role of ["constructor", "__proto__", "toString", "hasOwnProperty", "valueOf"]) {
    expect(line({ role, content: "hi" })).toBe(`${role}: hi`);
    expect(line({ type: role, content: "hi" })).toBe(`${role}: hi`);
    expect(line([role, "hi"])).toBe(`${role}: hi`);
  }
});

test("an answer's calls follow its text: as its message has them, else by name and arguments", () => {
  const calls = [{ id: "c", type: "function", function: { name: "f", arguments: '{"a":1}' } }];
  const short = JSON.stringify([{ name: "f", args: { a: 1 } }]);
  expect(line({ role: "assistant", content: null, tool_calls: calls })).toBe(`AI: ${JSON.stringify(calls)}`);
  expect(
    line({
      role: "assistant",
      content: [text("x"), { type: "tool_use", id: "c", name: "f", input: { a: 1 } }],
    }),
  ).toBe(`AI: x${short}`);
  expect(line({ role: "model", parts: [{ functionCall: { name: "f", args: { a: 1 } } }] })).toBe(
    `AI: ${short}`,
  );
  expect(line({ parts: [{ functionCall: { name: "f", args: { a: 1 } } }] })).toBe(`: ${short}`);
  const cycle: Record<string, unknown> = { big: 1n };
  cycle["self"] = cycle;
  expect(line({ role: "assistant", content: "", tool_calls: [{ name: "f", args: cycle }] })).toContain(
    '"big":"1"',
  );
});

test("the text of a serialized instance is that of the instance", () => {
  const message = new AIMessage({ content: [text("a"), IMAGE, text("b")] });
  for (const each of [message, message.toJSON(), message.toDict(), { ...message }]) {
    expect(messageText(each)).toBe("ab");
  }
});

/** Values with the properties that the readers look at, so that random ones reach into every branch. */
const KEYS = [
  "role",
  "type",
  "content",
  "parts",
  "text",
  "kwargs",
  "data",
  "id",
  "tool_calls",
  "args",
  "functionCall",
  "toolResult",
  "output",
  "value",
  "lc_id",
  "json",
];
const TYPES = [
  "human",
  "tool",
  "text",
  "tool_result",
  "tool-x",
  "tool-result",
  "reasoning",
  "message",
  "generic",
  "function_call",
];
const anything = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom<unknown>(...TYPES, null, undefined, 1n, Number.NaN, () => 1, Symbol("s")),
    fc.anything({
      withBigInt: true,
      withMap: true,
      withDate: true,
      withNullPrototype: true,
      withSparseArray: true,
    }),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...KEYS), tie("value"), { maxKeys: 5 }),
  ),
})).value;

test("the text of any value is text, and nothing throws", () => {
  const throwing = new Proxy(
    {},
    {
      get: () => {
        throw new Error("no");
      },
      has: () => {
        throw new Error("no");
      },
    },
  );
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  const cycle: Record<string, unknown> = { type: "tool_result" };
  cycle["content"] = [cycle];
  for (const value of [
    throwing,
    proxy,
    cycle,
    { role: "user", content: cycle },
    { role: "assistant", content: [throwing] },
  ]) {
    expect(bufferString([value])).toEqual(expect.any(String));
    expect(contentText(value)).toEqual(expect.any(String));
  }
  fc.assert(
    fc.property(anything, (value) => {
      expect(bufferString([value])).toEqual(expect.any(String));
      expect(contentText(value)).toEqual(expect.any(String));
      expect(messageText(value)).toEqual(expect.any(String));
    }),
  );
});
