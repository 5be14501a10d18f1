import { expect, test } from "vitest";
import { type EventStream, InMemoryTracer, streamEvents, traceAsChainGroup } from "../../src/index.ts";
import { collectFailures } from "../placements.ts";
import { gate } from "../support/gate.ts";
import { recorder } from "../support/recorder.ts";
import { isError, wrongEnds } from "../support/runs-of-kinds.ts";
import { names, readWhatComes } from "../support/streams.ts";
import { settleTasks } from "../support/tasks.ts";

/*
 * Runs that a streamed function leaves open.
 */

const reason = new RangeError("the client is gone");

/** Streams a tool's run with a model's below it, in a group; then `rest` goes on. */
function streamed(rest: () => Promise<unknown>, signal?: AbortSignal) {
  const handler = recorder();
  const tracer = new InMemoryTracer();
  const options = { callbacks: [handler, tracer], ...(signal && { signal }) };
  const stream = streamEvents(({ callbacks }) => {
    return traceAsChainGroup("group", { callbacks }, async (group) => {
      const tool = await group.onToolStart({ name: "tool" }, "in");
      const [model] = await tool.getChild().onLLMStart({ name: "model" }, ["p"]);
      await rest();
      await model?.onLLMEnd({ generations: [] });
      await tool.onToolEnd("late");
    });
  }, options);
  return { handler, tracer, stream };
}

const ERRORS = ["on_llm_error", "on_tool_error", "on_chain_error"];

test.each<[string, (stream: EventStream) => Promise<unknown>, object]>([
  ["return()", (stream) => stream.return(), { code: "SIDECALL_STREAM_LEFT" }],
  ["throw()", (stream) => stream.throw(reason).catch(() => undefined), reason],
  ["dispose", (stream) => stream[Symbol.asyncDispose](), { code: "SIDECALL_STREAM_LEFT" }],
])(
  "leaving by %s ends them, before the call resolves, and later events reach no handler",
  async (_, leave, error) => {
    const { open, opened } = gate();
    const { handler, tracer, stream } = streamed(() => opened);
    await stream.next();
    await settleTasks();
    const failures = await collectFailures(async () => {
      await leave(stream);
      expect(tracer.openRuns).toEqual([]);
      open();
      await settleTasks();
    });
    expect(failures).toEqual([]);
    expect(wrongEnds(handler.records)).toEqual([]);
    const errors = handler.records.filter(isError);
    expect(errors.map(({ event }) => event)).toEqual(ERRORS);
    for (const each of errors) expect(each).toMatchObject({ aborted: true, error });
  },
);

test("an abort from outside ends them before the iteration rejects, which shows their errors", async () => {
  const controller = new AbortController();
  const { tracer, stream } = streamed(async () => {
    controller.abort(reason);
    await new Promise(() => undefined);
  }, controller.signal);
  const { events, error } = await readWhatComes(stream);
  expect(error).toBe(reason);
  expect(tracer.openRuns).toEqual([]);
  expect(names(events).slice(3)).toEqual([
    ...["on_llm_error model", "on_tool_error tool", "on_chain_error group"],
  ]);
  for (const { data } of events.slice(3)) expect(data).toMatchObject({ error: reason, aborted: true });
});

test("a function that throws ends them with its error, which is no abort", async () => {
  const handler = recorder();
  const stream = streamEvents(
    async ({ callbacks }) => {
      await callbacks.onToolStart({ name: "tool" }, "in");
      throw reason;
    },
    { callbacks: [handler] },
  );
  const { events, error } = await readWhatComes(stream);
  expect(error).toBe(reason);
  expect(names(events)).toEqual(["on_tool_start tool", "on_tool_error tool"]);
  const [failed] = handler.records.filter(isError);
  expect(failed).toMatchObject({ error: reason });
  expect(failed).not.toHaveProperty("aborted");
});

test("a function that returns leaves them open, and so does leaving after it", async () => {
  const handler = recorder();
  const stream = streamEvents(async ({ callbacks }) => void (await callbacks.onToolStart(null, "in")), {
    callbacks: [handler],
  });
  await stream.next();
  await stream.result;
  await stream.return();
  expect(handler.records.filter(isError)).toEqual([]);
});

test("managers that are copied or merged from the stream's count too; runs beside the stream do not", async () => {
  const handler = recorder();
  const group = traceAsChainGroup("outer", { callbacks: [handler] }, async (outer) => {
    await outer.onToolStart(null, "beside", { runId: "beside" });
    const stream = streamEvents(async ({ callbacks }) => {
      await callbacks.copy().onToolStart(null, "a", { runId: "copied" });
      await outer.merge(callbacks).onToolStart(null, "b", { runId: "merged" });
      await new Promise(() => undefined);
    });
    await stream.next();
    await settleTasks();
    await stream.return();
    expect(handler.records.filter(isError).map(({ runId }) => runId)).toEqual(["copied", "merged"]);
  });
  await group;
});

test("a handler that hangs at an error does not keep the stream from being left", async () => {
  const handler = recorder();
  const hanging = { onToolError: () => new Promise(() => undefined) };
  const stream = streamEvents(
    async ({ callbacks }) => {
      await callbacks.onToolStart(null, "in");
      await new Promise(() => undefined);
    },
    { callbacks: [hanging, handler] },
  );
  await stream.next();
  await stream.return();
  expect(wrongEnds(handler.records)).toEqual([]);
});
