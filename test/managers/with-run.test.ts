import { expect, expectTypeOf, test } from "vitest";
import {
  AsyncCallbackManager,
  type AsyncCallbackManagerForLLMRun,
  type AsyncCallbackManagerForToolRun,
  currentRun,
  InMemoryTracer,
  onHandlerError,
  SidecallError,
  traceAsChainGroup,
  withRun,
} from "../../src/index.ts";
import { collectFailures } from "../placements.ts";
import { gate } from "../support/gate.ts";
import { recorder } from "../support/recorder.ts";
import { isError, wrongEnds } from "../support/runs-of-kinds.ts";
import { settleTasks } from "../support/tasks.ts";

const reason = new RangeError("the client is gone");
const MESSAGE = { role: "user", content: "hi" };

test("the run starts as its kind's event does, with the options' name, tags, metadata and extra", async () => {
  const handler = recorder();
  const own = { tags: ["t"], metadata: { m: 1 }, extra: { invocationParams: {} } };
  const options = { callbacks: [handler], ...own, runId: "r" };
  const result = await withRun("tool", { name: "search", input: "in", toolCallId: "c" }, options, (run) => {
    expectTypeOf(run).toEqualTypeOf<AsyncCallbackManagerForToolRun>();
    expect([run.runId, currentRun()?.runId]).toEqual(["r", "r"]);
    return 42 as const;
  });
  expectTypeOf(result).toEqualTypeOf<42>();
  const start = { serialized: { name: "search" }, name: "search", input: "in", toolCallId: "c" };
  expect(handler.records).toMatchObject([
    { event: "on_tool_start", runId: "r", ...start, ...own },
    { event: "on_tool_end", runId: "r", output: 42 },
  ]);
});

test.each([
  ["llm", { prompt: "p" }, { event: "on_llm_start", prompts: ["p"], serialized: null }],
  ["llm", { prompts: ["p"], serialized: { id: ["m"] } }, { prompts: ["p"], serialized: { id: ["m"] } }],
  ["chatModel", { messages: [MESSAGE] }, { event: "on_chat_model_start", messages: [[MESSAGE]] }],
  ["chatModel", { messages: [[MESSAGE]] }, { messages: [[MESSAGE]] }],
  ["chatModel", { messages: [["user", "hi"]] }, { messages: [[["user", "hi"]]] }],
  ["tool", { input: "in", inputs: { a: 1 } }, { event: "on_tool_start", input: "in", inputs: { a: 1 } }],
  ["retriever", { query: "q" }, { event: "on_retriever_start", query: "q" }],
] as const)("%s takes %j", async (kind, start, event) => {
  const handler = recorder();
  await withRun(kind, start, { callbacks: [handler] }, () => undefined);
  expect(handler.records[0]).toMatchObject(event);
  expect(wrongEnds(handler.records)).toEqual([]);
});

test.each([
  ["chain", {}, "kind"],
  ["llm", {}, "prompt"],
  ["llm", { prompts: ["a", "b"] }, "prompts"],
  ["llm", { prompt: "a", prompts: ["a"] }, "prompts"],
  ["chatModel", { messages: "hi" }, "messages"],
  ["chatModel", { messages: [[MESSAGE], [MESSAGE]] }, "messages"],
  ["tool", { input: { a: 1 } }, "input"],
  ["retriever", { qeury: "q" }, "qeury"],
  ["retriever", null, "start"],
])("%s with %j is refused, and no run starts", async (kind, start, name) => {
  const handler = recorder();
  const run = withRun(kind as "llm", start as { prompt: string }, { callbacks: [handler] }, () => 1);
  const error = { code: "SIDECALL_OPTION_INVALID", message: expect.stringContaining(`\`${name}\``) };
  await expect(run).rejects.toMatchObject(error);
  expect(handler.records).toEqual([]);
});

const answer = { role: "assistant", content: [{ type: "text", text: "yes" }] };
const completion = {
  model: "m",
  choices: [{ index: 0, message: answer, finish_reason: "stop" }],
  usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
};
test.each([
  ["a result", { generations: [[{ text: "a" }]], llmOutput: { x: 1 } }, [{ text: "a" }]],
  ["text", "yes", [{ text: "yes" }]],
  ["a message", answer, [{ text: "yes", message: answer }]],
  ["content blocks", answer.content, [{ text: "yes", message: answer.content }]],
  [
    "OpenAI's answer",
    completion,
    [{ text: "yes", message: answer, generationInfo: { finishReason: "stop" } }],
  ],
  ["a number", 42, [{ text: "42" }]],
])("a model's response is made of %s", async (_, value, generations) => {
  const handler = recorder();
  const result = await withRun("llm", { prompt: "p" }, { callbacks: [handler] }, async () => value);
  expect(result).toBe(value);
  expect(handler.records[1]).toMatchObject({ response: { generations: [generations] } });
});

test("the usage in OpenAI's answer is counted, and nothing makes a response of nothing", async () => {
  const tracer = new InMemoryTracer();
  const failures = await collectFailures(async () => {
    await withRun("llm", { prompt: "p" }, { callbacks: [tracer] }, () => completion);
    await withRun("llm", { prompt: "p" }, { callbacks: [tracer] }, () => undefined);
    await withRun("retriever", { query: "q" }, { callbacks: [tracer] }, () => undefined);
  });
  expect(failures).toEqual([]);
  expect(tracer.runs).toMatchObject([
    { metadata: { usageMetadata: { total_tokens: 3 } } },
    { outputs: { generations: [] } },
    { outputs: { documents: [] } },
  ]);
});

test("a hostile result costs neither the run its end nor the caller the result", async () => {
  const hostile = new Proxy(
    {},
    {
      get() {
        throw new Error("no");
      },
    },
  );
  const handler = recorder();
  const value = { choices: [hostile] };
  const result = await withRun("llm", { prompt: "p" }, { callbacks: [handler] }, () => value);
  expect(Object.is(result, value)).toBe(true);
  expect(wrongEnds(handler.records)).toEqual([]);
});

test("a body that ends its run itself gives it its only end, however often it does", async () => {
  const handler = recorder();
  const failures = await collectFailures(async () => {
    const ended = withRun("llm", { prompt: "p" }, { callbacks: [handler] }, async (run) => {
      expectTypeOf(run).toEqualTypeOf<AsyncCallbackManagerForLLMRun>();
      await run.onLLMEnd({ generations: [[{ text: "mine" }]] });
      await run.onLLMEnd({ generations: [] });
      return "other";
    });
    expect(await ended).toBe("other");
    const thrown = withRun("llm", { prompt: "p" }, { callbacks: [handler] }, async (run) => {
      await run.onLLMError(reason, { response: { generations: [[{ text: "partial" }]] } });
      throw reason;
    });
    await expect(thrown).rejects.toBe(reason);
  });
  expect(failures).toEqual([]);
  expect(wrongEnds(handler.records)).toEqual([]);
  expect(handler.records).toMatchObject([
    { event: "on_llm_start" },
    { event: "on_llm_end", response: { generations: [[{ text: "mine" }]] } },
    { event: "on_llm_start" },
    { event: "on_llm_error", response: { generations: [[{ text: "partial" }]] } },
  ]);
});

test("an abort ends the run and those below it; later events of a body that goes on reach no handler", async () => {
  const handler = recorder();
  const controller = new AbortController();
  const { open, opened } = gate();
  const options = { callbacks: [handler], signal: controller.signal };
  const run = withRun("tool", { input: "in" }, options, async (tool) => {
    const [model] = await AsyncCallbackManager.configure().onLLMStart(null, ["p"]);
    controller.abort(reason);
    await opened;
    await model?.onLLMEnd({ generations: [] });
    await tool.onToolEnd("late");
  });
  const failures = await collectFailures(async () => {
    await expect(run).rejects.toBe(reason);
    open();
    await settleTasks();
  });
  expect(failures).toEqual([]);
  expect(handler.records.filter(isError)).toMatchObject([
    { event: "on_llm_error", error: reason, aborted: true },
    { event: "on_tool_error", error: reason, aborted: true },
  ]);
  expect(wrongEnds(handler.records)).toEqual([]);
});

test("a signal that is aborted already starts no run", async () => {
  const handler = recorder();
  const options = { callbacks: [handler], signal: AbortSignal.abort(reason) };
  await expect(withRun("tool", { input: "in" }, options, () => 1)).rejects.toBe(reason);
  expect(handler.records).toEqual([]);
});

test("groups and runs that nothing awaits report what they throw, once, and end no process", async () => {
  const reports: unknown[] = [];
  const unhandled: unknown[] = [];
  const note = (error: unknown) => unhandled.push(error);
  process.on("unhandledRejection", note);
  const previous = onHandlerError(({ handler, event, runId, error }) =>
    reports.push([handler, event, runId, error]),
  );
  const controller = new AbortController();
  const { signal } = controller;
  void traceAsChainGroup("g", { runId: "g" }, () => Promise.reject(new TypeError("group")));
  void withRun("tool", { input: "in" }, { runId: "t" }, () => Promise.reject(new TypeError("tool")));
  void withRun("tool", { input: 1 as unknown as string }, {}, () => 1);
  void withRun("tool", { input: "in" }, { signal }, () => new Promise(() => undefined));
  await settleTasks();
  controller.abort(new Error("stop"));
  await settleTasks();
  onHandlerError(previous);
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
  expect(reports).toHaveLength(3);
  expect(reports).toContainEqual(["traceAsChainGroup", "on_chain_error", "g", new TypeError("group")]);
  expect(reports).toContainEqual(["withRun", "on_tool_error", "t", new TypeError("tool")]);
  expect(reports).toContainEqual(["withRun", "on_tool_error", "none", expect.any(SidecallError)]);
});

test("a group shows the result of its body as output, unless it was given one", async () => {
  const tracer = new InMemoryTracer();
  const group = (body: Parameters<typeof traceAsChainGroup>[2]) =>
    traceAsChainGroup("g", { callbacks: [tracer] }, body);
  await group(() => "text");
  await group(async () => ({ answer: 1 }));
  await group(() => [1]);
  await group(() => null);
  await group(() => undefined);
  await group(async (manager) => {
    await manager.onChainEnd({ own: 1 });
    return "other";
  });
  expect(tracer.runs.map(({ outputs }) => outputs)).toEqual([
    ...[{ output: "text" }, { answer: 1 }, { output: [1] }, { output: null }, {}, { own: 1 }],
  ]);
});
