import { HumanMessage } from "@langchain/core/messages";
import { expect, test } from "vitest";
import { AsyncCallbackManager } from "../../src/index.ts";
import { recorder } from "../support/recorder.ts";

/** The methods with any arguments, as JavaScript calls them. */
type Loose = Record<string, (...args: unknown[]) => Promise<unknown>>;

const STARTS = ["onLLMStart", "onChatModelStart", "onChainStart", "onToolStart", "onRetrieverStart"];
const RIGHT: Readonly<Record<string, unknown>> = {
  onLLMStart: ["q"],
  onChatModelStart: [[{ role: "user", content: "hi" }]],
};

async function refusal(method: string, ...args: unknown[]): Promise<unknown> {
  const handler = recorder();
  const manager = new AsyncCallbackManager({ handlers: [handler] }) as unknown as Loose;
  const error = await manager[method]?.(...args).then(
    () => "taken",
    (error: unknown) => error,
  );
  expect(handler.records).toHaveLength(error === "taken" ? 1 : 0);
  return error;
}

const wrong = (text: RegExp) => ({ code: "SIDECALL_OPTION_INVALID", message: expect.stringMatching(text) });

test.each(STARTS)("%s takes a description as an object or null", async (method) => {
  const input = RIGHT[method] ?? "in";
  const text = /`serialized` to be an object that describes what runs, such as `\{ name: "gpt \\"x\\"" \}`/;
  expect(await refusal(method, 'gpt "x"', input)).toMatchObject(wrong(text));
  for (const other of [1, true, () => {}, ["gpt"]]) {
    expect(await refusal(method, other, input)).toMatchObject(
      wrong(/such as `\{ name: "my-model" \}`, or null/),
    );
  }
  for (const given of [null, undefined, {}, Object.create(null), { lc: 1, id: ["a"] }]) {
    expect(await refusal(method, given, input)).toBe("taken");
  }
});

const user = { role: "user", content: "hi" };

test.each<[string, unknown]>([
  ["messages of one conversation", [user]],
  ["LangChain's messages of one conversation", [new HumanMessage("hi")]],
  [
    "pairs of one conversation",
    [
      ["user", "hi"],
      ["assistant", "ho"],
    ],
  ],
  ["texts", ["hi"]],
  ["a text", "hi"],
  ["a message", user],
  ["a conversation beside a message", [[user], user]],
  ["nothing", undefined],
  ["null for a conversation", [null]],
])("onChatModelStart refuses %s: it takes conversations", async (_, conversations) => {
  const text = /`conversations` to be an array of conversations, each an array of messages: `\[messages\]`/;
  expect(await refusal("onChatModelStart", null, conversations)).toMatchObject(wrong(text));
});

test.each<[string, unknown]>([
  ["objects", [[user, new HumanMessage("hi")]]],
  ["texts", [["hi", "ho"]]],
  [
    "pairs",
    [
      [
        ["user", "hi"],
        ["assistant", "ho"],
      ],
    ],
  ],
  ["no messages", [[]]],
  ["frozen lists", Object.freeze([Object.freeze([user])])],
])("onChatModelStart takes a conversation of %s", async (_, conversations) => {
  expect(await refusal("onChatModelStart", null, conversations)).toBe("taken");
});

test("onLLMStart takes texts alone; its error names the method for messages", async () => {
  expect(await refusal("onLLMStart", null, "q")).toMatchObject(wrong(/`prompts` to be an array of strings/));
  expect(await refusal("onLLMStart", null, [user])).toMatchObject(
    wrong(/`prompts\[0\]` to be a string; messages go to `onChatModelStart`/),
  );
  expect(await refusal("onLLMStart", null, ["q", undefined])).toMatchObject(
    wrong(/`prompts\[1\]` to be a string/),
  );
});

test("a tool's input and a query are taken as they are: LangChain's tools pass objects", async () => {
  for (const input of [{ city: "Bern" }, 5, null]) {
    expect(await refusal("onToolStart", null, input)).toBe("taken");
    expect(await refusal("onRetrieverStart", null, input)).toBe("taken");
  }
});
