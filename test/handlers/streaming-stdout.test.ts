import { describe, expect, test } from "vitest";
import {
  AsyncCallbackManager,
  type AsyncCallbackManagerForLLMRun,
  type CallbackHandler,
  FinalStreamingStdOutCallbackHandler,
  type FinalStreamingStdOutOptions,
  StreamingStdOutCallbackHandler,
} from "../../src/index.ts";

const MODEL = { name: "model" };
const ANSWER = ["I know. ", "Final", " Answer", ":", " ", "4", "2"];

function sink() {
  const writes: string[] = [];
  return { writes, stream: { write: (text: string) => void writes.push(text) } };
}

function managerOf(handler: CallbackHandler): AsyncCallbackManager {
  return new AsyncCallbackManager({ handlers: [handler], inheritableHandlers: [handler] });
}

async function begin(manager: AsyncCallbackManager): Promise<AsyncCallbackManagerForLLMRun> {
  const [run] = await manager.onLLMStart(MODEL, ["?"]);
  if (run === undefined) throw new Error("no run");
  return run;
}

async function say(run: AsyncCallbackManagerForLLMRun, tokens: readonly string[]): Promise<void> {
  for (const token of tokens) await run.onLLMNewToken(token);
}

/** One model run: its tokens, then its end. */
async function think(manager: AsyncCallbackManager, tokens: readonly string[], message = {}): Promise<void> {
  const run = await begin(manager);
  await say(run, tokens);
  await run.onLLMEnd({ generations: [[{ text: tokens.join(""), message }]] });
}

test("every token is printed as it comes, an empty one is not", async () => {
  const { writes, stream } = sink();
  const manager = managerOf(new StreamingStdOutCallbackHandler({ stream }));
  await think(manager, ["a", "", " b"]);
  await think(manager, ["c"]);
  expect(writes).toEqual(["a", " b", "c"]);
});

describe("final answers alone", () => {
  const setUp = (options: FinalStreamingStdOutOptions = {}) => {
    const { writes, stream } = sink();
    const handler = new FinalStreamingStdOutCallbackHandler({ stream, ...options });
    return { writes, manager: managerOf(handler) };
  };

  test("the tokens after the prefix are printed as they come, empty ones are not", async () => {
    const { writes, manager } = setUp();
    const chain = await manager.onChainStart(null, {});
    await think(chain.getChild(), ["Thought", ":", "\nAction", ": search"]);
    const run = await begin(chain.getChild());
    await say(run, [...ANSWER, "", "!"]);
    expect(writes).toEqual([" ", "4", "2", "!"]);
  });

  test("streamPrefix prints the prefix too, the token that completes it included", async () => {
    const { writes, manager } = setUp({ streamPrefix: true });
    await think(manager, ANSWER);
    expect(writes.join("")).toBe("Final Answer: 42");
  });

  test("with stripTokens: false, a custom prefix is compared as it is", async () => {
    const { writes, manager } = setUp({ stripTokens: false, answerPrefixTokens: [" Answer", ":"] });
    await think(manager, ANSWER);
    await think(manager, ["Answer", ":", "not printed as it comes"]);
    expect(writes).toEqual([" ", "4", "2", "Answer:not printed as it comes"]);
  });

  test("the prefix is looked for in each run separately", async () => {
    const { writes, manager } = setUp();
    const chain = await manager.onChainStart(null, {});
    await think(chain.getChild(), ["Final", "Answer"]);
    await think(chain.getChild(), [":", "no"]);
    expect(writes).toEqual([]);
    await think(chain.getChild(), ["Final", "Answer", ":", "yes"]);
    await think(chain.getChild(), ["an afterthought"]);
    await chain.onChainEnd({});
    expect(writes).toEqual(["yes"]);
  });

  test("without the prefix the last text without tool calls is printed when the root ends", async () => {
    const { writes, manager } = setUp();
    const chain = await manager.onChainStart(null, {});
    await think(chain.getChild(), ["not yet"]);
    await think(chain.getChild(), ["It ", "is ", "42"]);
    await think(chain.getChild(), ["calling"], { tool_calls: [{ id: "1" }] });
    expect(writes).toEqual([]);
    await chain.onChainEnd({});
    expect(writes).toEqual(["It is 42"]);
  });

  test("a chat model that does not stream prints its text", async () => {
    const { writes, manager } = setUp();
    const [run] = await manager.onChatModelStart(MODEL, [[{ role: "user", content: "?" }]]);
    await run?.onLLMEnd({ generations: [[{ text: "forty-two" }]] });
    expect(writes).toEqual(["forty-two"]);
  });

  test("a root that fails prints nothing more", async () => {
    const { writes, manager } = setUp();
    const chain = await manager.onChainStart(null, {});
    await think(chain.getChild(), ["half an answer"]);
    await chain.onChainError(new Error("gave up"));
    expect(writes).toEqual([]);
  });

  test("answers of concurrent runs do not mix", async () => {
    const { writes, manager } = setUp();
    const [one, two, three] = [await begin(manager), await begin(manager), await begin(manager)];
    const prefix = ["Final", "Answer", ":"];
    await Promise.all([say(one, [...prefix, "1a"]), say(two, [...prefix, "2a"]), say(three, prefix)]);
    await say(two, ["2b"]);
    await say(one, ["1b"]);
    await two.onLLMEnd({ generations: [] });
    await say(three, ["3"]);
    expect(writes).toEqual(["1a", "1b"]);
    await one.onLLMError(new Error("cut"));
    expect(writes).toEqual(["1a", "1b", "2a2b", "3"]);
  });

  test("a run that never ends delays other answers no longer than its root", async () => {
    const { writes, manager } = setUp();
    const chain = await manager.onChainStart(null, {});
    await say(await begin(chain.getChild()), ["Final", "Answer", ":", "cut"]);
    await think(manager, [...ANSWER]);
    expect(writes).toEqual(["cut"]);
    await chain.onChainEnd({});
    expect(writes).toEqual(["cut", " 42"]);
  });
});

test("wrong options are refused with a code", () => {
  const coded = expect.objectContaining({ code: "SIDECALL_OPTION_INVALID" });
  const stream = {} as { write(text: string): void };
  expect(() => new StreamingStdOutCallbackHandler({ stream })).toThrow(coded);
  expect(() => new FinalStreamingStdOutCallbackHandler({ stream })).toThrow(coded);
  expect(() => new FinalStreamingStdOutCallbackHandler({ answerPrefixTokens: [] })).toThrow(coded);
});
