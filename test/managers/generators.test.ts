import { describe, expect, test } from "vitest";
import {
  AsyncCallbackManager,
  currentRun,
  InMemoryTracer,
  traceAsChainGroup,
  withContext,
  withRun,
  withRunCollector,
  withUsageMetadata,
} from "../../src/index.ts";
import { gate } from "../support/gate.ts";
import { recorder } from "../support/recorder.ts";
import { isError, wrongEnds } from "../support/runs-of-kinds.ts";
import { settleTasks } from "../support/tasks.ts";

const reason = new RangeError("the client is gone");

async function model(): Promise<string | undefined> {
  const [run] = await AsyncCallbackManager.configure().onLLMStart({ name: "m" }, ["p"]);
  await run?.onLLMEnd({
    generations: [[{ text: "" }]],
    llmOutput: { tokenUsage: { promptTokens: 1, completionTokens: 1 } },
  });
  return run?.parentRunId;
}

/** Yields the parents of runs that begin while it is read; what is thrown in or left early is noted. */
async function* parents(notes: unknown[] = []) {
  try {
    for (;;) {
      try {
        yield await model();
      } catch (error) {
        notes.push(error);
      }
    }
  } finally {
    notes.push(currentRun()?.runId);
  }
}

function* parentsAtOnce() {
  for (let i = 0; i < 2; i += 1) yield currentRun()?.runId;
  return "done";
}

describe("a context", () => {
  const run = { runId: "r", traceId: "r" };

  test.each<[string, () => AsyncGenerator | Promise<AsyncGenerator>]>([
    ["a generator", () => parents()],
    ["a promise of one", async () => parents()],
  ])("lasts while %s is read, and not outside of its steps", async (_, body) => {
    const handler = recorder();
    const stream = await withContext({ run, handlers: [handler] }, body);
    for await (const parent of stream) {
      expect([parent, currentRun()]).toEqual(["r", undefined]);
      await model();
      if (handler.records.length === 4) break;
    }
    expect(handler.records).toHaveLength(4);
  });

  test("lasts while a generator is thrown into and left", async () => {
    const notes: unknown[] = [];
    const stream = withContext({ run }, () => parents(notes));
    await stream.next();
    expect((await stream.throw(reason)).value).toBe("r");
    expect(await stream.return()).toEqual({ done: true, value: undefined });
    expect(notes).toEqual([reason, "r"]);
  });

  test("lasts while a generator is read at once, which stays one", () => {
    const stream = withContext({ run }, parentsAtOnce);
    expect(stream[Symbol.iterator]()).toBe(stream);
    expect([...stream]).toEqual(["r", "r"]);
    expect(Object.prototype.toString.call(stream)).toBe("[object Generator]");
  });

  test("lasts while a generator that a compiler made of an object is read", async () => {
    const iterator = {
      next: async () => ({ done: false, value: currentRun()?.runId }),
      [Symbol.asyncIterator]: () => iterator,
    };
    const stream = withContext({ run }, () => iterator);
    for await (const parent of stream) {
      expect(parent).toBe("r");
      break;
    }
  });

  test.each([
    ["an array", [1]],
    ["a map's iterator", new Map([[1, 1]]).values()],
    ["a stream", new ReadableStream()],
    ["null", null],
  ])("gives back %s itself", (_, value) => {
    expect(withContext({ run }, () => value)).toBe(value);
  });

  test("of a usage counter or a run collector lasts too", async () => {
    let counter: Parameters<Parameters<typeof withUsageMetadata>[0]>[0] | undefined;
    const counted = withUsageMetadata((usage) => {
      counter = usage;
      return parents();
    });
    await counted.next();
    await counted.next();
    expect(counter?.usageMetadata["m"]?.total_tokens).toBe(4);
    let collected: InMemoryTracer | undefined;
    const traced = withRunCollector((collector) => {
      collected = collector;
      return parents();
    });
    await traced.next();
    expect(collected?.runs).toHaveLength(1);
  });
});

describe("a group", () => {
  function traced<T>(body: () => T | PromiseLike<T>, signal?: AbortSignal) {
    const tracer = new InMemoryTracer();
    const handler = recorder();
    const options = { callbacks: [tracer, handler], runId: "g", ...(signal && { signal }) };
    return { tracer, handler, stream: traceAsChainGroup("g", options, body) };
  }

  test("is open until its generator is left, and ends well", async () => {
    const { tracer, handler, stream } = traced(() => parents());
    for await (const parent of await stream) {
      expect([parent, tracer.openRuns.length]).toEqual(["g", 1]);
      if (handler.records.length > 4) break;
    }
    expect(tracer.openRuns).toEqual([]);
    expect(tracer.runs).toMatchObject([{ error: null, outputs: {}, children: [{}, {}] }]);
  });

  test("ends with a generator that is done, and shows its return value", async () => {
    const { tracer, stream } = traced(parentsAtOnce);
    expect([...(await stream)]).toEqual(["g", "g"]);
    await settleTasks();
    expect(tracer.runs).toMatchObject([{ outputs: { output: "done" } }]);
  });

  test("fails with a generator that throws, after the runs that it leaves open", async () => {
    const { handler, stream } = traced(async function* () {
      yield 1;
      await AsyncCallbackManager.configure().onToolStart(null, "in");
      throw reason;
    });
    const reading = await stream;
    await reading.next();
    await expect(reading.next()).rejects.toBe(reason);
    expect(handler.records.filter(isError).map(({ event }) => event)).toEqual([
      ...["on_tool_error", "on_chain_error"],
    ]);
    expect(await reading.next()).toEqual({ done: true, value: undefined });
    expect(wrongEnds(handler.records)).toEqual([]);
  });

  test("fails with a generator that lets through what is thrown into it", async () => {
    const { tracer, stream } = traced(parentsAtOnce);
    const reading = await stream;
    reading.next();
    expect(() => reading.throw(reason)).toThrow(reason);
    await settleTasks();
    expect(tracer.runs).toMatchObject([{ error: { name: "RangeError" } }]);
  });

  test("ends when its signal aborts while its generator is not read; the generator is left, and the next read rejects", async () => {
    const controller = new AbortController();
    const notes: unknown[] = [];
    const { tracer, stream } = traced(() => parents(notes), controller.signal);
    const reading = await stream;
    await reading.next();
    controller.abort(reason);
    await settleTasks();
    expect([tracer.openRuns.length, notes]).toEqual([0, ["g"]]);
    expect(tracer.runs).toMatchObject([{ aborted: true }]);
    await expect(reading.next()).rejects.toBe(reason);
    expect(await reading.next()).toEqual({ done: true, value: undefined });
    expect(await reading.return(undefined)).toEqual({ done: true, value: undefined });
  });

  test("ends when its signal aborts while its generator is read, even if that ignores the signal", async () => {
    const controller = new AbortController();
    const { open, opened } = gate();
    const { tracer, stream } = traced(async function* () {
      await opened;
      yield 1;
    }, controller.signal);
    const reading = await stream;
    const next = reading.next();
    controller.abort(reason);
    await expect(next).rejects.toBe(reason);
    expect(tracer.openRuns).toEqual([]);
    expect(await reading.next()).toEqual({ done: true, value: undefined });
    open();
  });

  test("ends when its signal aborts between the steps of a generator that is read at once", async () => {
    const controller = new AbortController();
    const { tracer, stream } = traced(parentsAtOnce, controller.signal);
    const reading = await stream;
    reading.next();
    controller.abort(reason);
    expect(() => reading.next()).toThrow(reason);
    expect(reading.next()).toEqual({ done: true, value: undefined });
    await settleTasks();
    expect(tracer.runs).toMatchObject([{ aborted: true }]);
  });

  test("is not failed by an abort after its generator was done", async () => {
    const controller = new AbortController();
    const { tracer, stream } = traced(parentsAtOnce, controller.signal);
    const reading = await stream;
    expect([...reading]).toHaveLength(2);
    controller.abort(reason);
    await settleTasks();
    expect(reading.next()).toEqual({ done: true, value: undefined });
    expect(tracer.runs).toMatchObject([{ error: null }]);
  });
});

test("a run with a body is open until its generator is done, and gets its return value", async () => {
  const tracer = new InMemoryTracer();
  const options = { callbacks: [tracer] };
  const stream = await withRun("llm", { prompt: "p" }, options, async function* (run) {
    for (const token of ["Why", " did"]) {
      await run.onLLMNewToken(token);
      yield token;
    }
    return "Why did";
  });
  const read: string[] = [];
  for await (const token of stream) {
    read.push(token);
    expect(tracer.openRuns).toHaveLength(1);
  }
  expect(read).toEqual(["Why", " did"]);
  expect(tracer.runs).toMatchObject([
    { outputs: { generations: [[{ text: "Why did" }]] }, tokens: { count: 2 } },
  ]);
});
