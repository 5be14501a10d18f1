import { AIMessage, HumanMessage } from "@langchain/core/messages";
import { expect } from "vitest";
import {
  AsyncCallbackManager,
  type ChatMessage,
  type EventRecord,
  type LLMResult,
  mergeTokenReports,
  mergeUsageReports,
  type TokenReport,
  type TracedRun,
  type UsageReport,
} from "../../src/index.ts";
import { PLACEMENTS, type Placement } from "../placements.ts";
import { ORDERED, taken, withPlaced } from "./placed.ts";
import { other } from "./row.ts";

/** Of a conversation in any form; the types of messages are those of OpenAI and LangChain. */
const chat = (...messages: readonly unknown[]) => [messages as ChatMessage[]];

const FORMS: readonly unknown[] = [
  { role: "user", content: "hi" },
  {
    type: "human",
    content: [
      { type: "text", text: "hi" },
      { type: "image_url", image_url: { url: "data:" } },
    ],
  },
  new HumanMessage("hi"),
  new HumanMessage("hi").toDict(),
  JSON.parse(JSON.stringify(new HumanMessage("hi"))),
  { role: "user", parts: [{ text: "hi" }] },
  { id: "1", role: "user", parts: [{ type: "text", text: "hi" }] },
  { type: "message", role: "user", content: [{ type: "input_text", text: "hi" }] },
];

other("m1", PLACEMENTS, async (placement) => {
  await withPlaced(placement, ["PromptsOnly"], async (placed) => {
    const manager = new AsyncCallbackManager({ handlers: [placed.handler] });
    await manager.onChatModelStart(null, chat(...FORMS, { role: "constructor", content: null }));
    const [start] = await taken<EventRecord<"on_llm_start">>(placed);
    expect(start?.prompts).toEqual([[...FORMS.map(() => "Human: hi"), "constructor: "].join("\n")]);
  });
});

/** Characters that a model read and wrote, over one run. */
async function characters(placement: Placement, messages: readonly unknown[], answer: object) {
  let report: TokenReport | undefined;
  await withPlaced(placement, ["CharacterStatistics"], async (placed) => {
    const manager = new AsyncCallbackManager({ handlers: [placed.handler], metadata: { model: "m" } });
    const [run] = await manager.onChatModelStart({ name: "m" }, chat(...messages));
    await run?.onLLMEnd({ generations: [[answer]] } as unknown as LLMResult);
    report = mergeTokenReports(await taken<TokenReport>(placed, "report"));
  });
  const models = Object.values(report?.models ?? {});
  const sum = (key: "promptTokens" | "completionTokens") => models.reduce((all, each) => all + each[key], 0);
  return [sum("promptTokens"), sum("completionTokens")];
}

const ARGS = { city: "Rome", days: 2 };
const WRITTEN = `weather${JSON.stringify(ARGS)}`.length;
const OPENAI_CALL = {
  id: "c",
  type: "function",
  function: { name: "weather", arguments: JSON.stringify(ARGS) },
};

other("m2", PLACEMENTS, async (placement) => {
  const answers: readonly object[] = [
    { text: "", message: { role: "assistant", content: null, tool_calls: [OPENAI_CALL] } },
    {
      text: "",
      message: new AIMessage({
        content: [{ type: "tool_use", id: "c", name: "weather", input: ARGS }],
        tool_calls: [{ id: "c", name: "weather", args: ARGS }],
        additional_kwargs: { tool_calls: [OPENAI_CALL as never] },
      }),
    },
    { message: { role: "model", parts: [{ functionCall: { name: "weather", args: ARGS } }] } },
  ];
  for (const answer of answers) {
    const result = { role: "tool", content: "21" };
    expect(await characters(placement, [result], answer)).toEqual(["Tool: 21".length, WRITTEN]);
  }
});

function usage(placement: Placement, response: object, expected: object) {
  return withPlaced(placement, ["UsageMetadataCallbackHandler"], async (placed) => {
    const [run] = await new AsyncCallbackManager({ handlers: [placed.handler] }).onLLMStart(null, ["?"]);
    await run?.onLLMEnd({ generations: [], ...response } as unknown as LLMResult);
    expect(mergeUsageReports(await taken<UsageReport>(placed, "report"))).toEqual({ m: expected });
  });
}

const INPUT = { input_tokens: 100, input_token_details: { cache_creation: 30, cache_read: 60 } };

other("m3", PLACEMENTS, async (placement) => {
  const expected = { ...INPUT, output_tokens: 20, total_tokens: 120 };
  const cache = { cache_creation_input_tokens: 30, cache_read_input_tokens: 60 };
  const claude = { input_tokens: 10, output_tokens: 20, ...cache };
  await usage(placement, { generations: [[{ text: "", message: { model: "m", usage: claude } }]] }, expected);
  const bedrock = {
    inputTokens: 10,
    outputTokens: 20,
    totalTokens: 120,
    cacheReadInputTokens: 60,
    cacheWriteInputTokens: 30,
  };
  await usage(placement, { llmOutput: { modelId: "m", usage: bedrock } }, expected);
});

other("m4", PLACEMENTS, async (placement) => {
  const usageMetadata = {
    promptTokenCount: 15,
    candidatesTokenCount: 359,
    thoughtsTokenCount: 661,
    totalTokenCount: 1035,
  };
  const expected = {
    input_tokens: 15,
    output_tokens: 1020,
    total_tokens: 1035,
    output_token_details: { reasoning: 661 },
  };
  const message = { modelVersion: "m", usageMetadata };
  await usage(placement, { generations: [[{ text: "", message }]] }, expected);
});

other("m5", PLACEMENTS, async (placement) => {
  const tokenUsage = {
    prompt_tokens: 100,
    completion_tokens: 20,
    total_tokens: 120,
    prompt_tokens_details: { cached_tokens: 60 },
  };
  const expected = {
    input_tokens: 100,
    output_tokens: 20,
    total_tokens: 120,
    input_token_details: { cache_read: 60 },
  };
  const message = new AIMessage({
    content: "",
    usage_metadata: expected as never,
    response_metadata: { model_name: "m", usage: tokenUsage },
  });
  const generations = [[{ text: "", message, generationInfo: { usage: tokenUsage } }]];
  await usage(placement, { generations, llmOutput: { tokenUsage } }, expected);
});

async function tracedError(placement: Placement, error: unknown): Promise<TracedRun["error"]> {
  let runs: TracedRun[] = [];
  await withPlaced(placement, ["KeepingTracer"], async (placed) => {
    const run = await new AsyncCallbackManager({ handlers: [placed.handler] }).onToolStart(
      { name: "t" },
      "x",
    );
    await run.onToolError(error);
    runs = await taken<TracedRun>(placed, "persisted");
  });
  return runs[0]?.error ?? null;
}

other("m6", ORDERED, async (placement) => {
  const refused = Object.assign(new Error("connect"), { code: "ECONNREFUSED", port: 1 });
  const cause = new AggregateError([refused, refused], "no address left");
  const error = Object.assign(new TypeError("fetch failed", { cause }), { status: 502, requestID: "req_1" });
  const inner = {
    name: "Error",
    message: "connect",
    stack: refused.stack,
    code: "ECONNREFUSED",
    fields: { port: 1 },
  };
  expect(await tracedError(placement, error)).toEqual({
    name: "TypeError",
    message: "fetch failed",
    stack: error.stack,
    status: 502,
    requestId: "req_1",
    cause: expect.objectContaining({ message: "no address left", errors: [inner, inner] }),
  });
});

other("m6", ORDERED, async (placement) => {
  const thrown = [undefined, null, "text", 7, Symbol("s"), { status: 5 }, { message: "m", code: 429 }];
  const traced = [];
  for (const each of thrown) traced.push(await tracedError(placement, each));
  const described = ["undefined", "null", "text", "7", "[symbol: s]", '{"status":5}'];
  expect(traced).toEqual([...described, { name: "Error", message: "m", code: 429 }]);
});

other("m7", ORDERED, async (placement) => {
  const headers = { Authorization: "Bearer hunter2hunter2", "x-api-key": "hunter2" };
  const response = {
    status: 401,
    headers: { ...headers, "x-request-id": "req_1" },
    config: { headers },
    data: "no",
  };
  const error = Object.assign(new Error("401"), { config: { headers }, request: { headers }, response });
  const traced = await tracedError(placement, error);
  expect(traced).toMatchObject({ status: 401, requestId: "req_1", fields: { response: { data: "no" } } });
  expect(JSON.stringify(traced)).not.toContain("hunter2");
});
