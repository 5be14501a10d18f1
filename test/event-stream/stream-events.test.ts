import { describe, expect, test } from "vitest";
import {
  AsyncCallbackManager,
  type StreamEvent,
  type StreamEventsOptions,
  streamEvents,
  traceAsChainGroup,
} from "../../src/index.ts";
import { gate } from "../support/gate.ts";
import { recorder } from "../support/recorder.ts";
import { chatModel, step } from "../support/steps.ts";
import { configure, HELLO, hello, names, readAll } from "../support/streams.ts";
import { settleTasks } from "../support/tasks.ts";

describe("a stream has", () => {
  test("events of runs that find the stream around them, and of runs that get it passed", async () => {
    const ambient = streamEvents(() => hello("you"));
    expect(names(await readAll(ambient))).toEqual(HELLO);
    expect(await ambient.result).toBe("hello you");
    const passed = streamEvents(async ({ callbacks }) => {
      const run = await callbacks.onChainStart({ name: "outer" }, 1);
      const [model] = await run.getChild().onLLMStart({ name: "inner" }, ["p"]);
      await model?.onLLMEnd({ generations: [] });
      await run.onChainEnd(2);
    });
    const events = ["on_chain_start outer", "on_llm_start inner", "on_llm_end inner", "on_chain_end outer"];
    expect(names(await readAll(passed))).toEqual(events);
  });

  test("events of runs below a configured one that get their manager from it", async () => {
    const stream = streamEvents(async () => {
      const run = await configure().onChainStart({ name: "outer" }, 1);
      const tool = await run.getChild().onToolStart({ name: "inner" }, "");
      await tool.onToolEnd(1);
      await run.onChainEnd(2);
    });
    const events = ["on_chain_start outer", "on_tool_start inner", "on_tool_end inner", "on_chain_end outer"];
    expect(names(await readAll(stream))).toEqual(events);
  });

  test("nothing of a function that starts nothing, and its result", async () => {
    const stream = streamEvents(() => 7);
    expect(await readAll(stream)).toEqual([]);
    expect(await stream.result).toBe(7);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  test("every event as it happens: the run goes on only when the consumer has had it", async () => {
    const { open, opened } = gate();
    const stream = streamEvents(() =>
      step("live", async function* () {
        yield "first";
        await opened;
        yield "second";
      })(),
    );
    const chunks: unknown[] = [];
    for await (const { event, data } of stream) {
      if (event !== "on_chain_stream") continue;
      chunks.push(data.chunk);
      open();
    }
    expect(chunks).toEqual(["first", "second"]);
  });

  test("and other handlers get each event once too, however often they are given", async () => {
    const other = recorder();
    const manager = new AsyncCallbackManager();
    manager.addHandler(other);
    for (const callbacks of [[other, other], manager]) {
      const events = await readAll(streamEvents(() => hello("you"), { callbacks }));
      expect(other.records.splice(0).map(({ event }) => event)).toEqual(events.map(({ event }) => event));
    }
  });

  test("the handlers, tags, metadata and parent of a given manager, passed or found", async () => {
    const other = recorder();
    const manager = new AsyncCallbackManager();
    manager.addHandler(other);
    manager.addTags(["given"]);
    manager.addMetadata({ tenant: 7 });
    const parent = await manager.onChainStart({ name: "parent" }, 1);
    const stream = streamEvents(
      async ({ callbacks }) => {
        await callbacks.onToolStart({ name: "passed" }, "");
        await configure().onToolStart({ name: "found" }, "");
      },
      { callbacks: parent.getChild() },
    );
    const brought = { tags: ["given"], metadata: { tenant: 7 }, parent_ids: [parent.runId] };
    expect(await readAll(stream)).toMatchObject([brought, brought]);
    expect(other.records).toHaveLength(3);
  });

  test("no other runs than those of its function, with two streams at once", async () => {
    const words = (name: string) =>
      step(name, async function* () {
        for (const word of ["a", "b", "c"]) {
          await settleTasks(1);
          yield word;
        }
      });
    const [one, two] = await Promise.all(
      ["one", "two"].map((name) => readAll(streamEvents(() => words(name)()))),
    );
    for (const [name, events] of [["one", one] as const, ["two", two] as const]) {
      expect(events).toHaveLength(5);
      expect(new Set(events?.map((event) => event.name))).toEqual(new Set([name]));
      expect(new Set(events?.map((event) => event.run_id)).size).toBe(1);
    }
  });

  test("the runs of a stream inside it, which hang below the run around", async () => {
    const inside: StreamEvent[] = [];
    const outer = step("outer", async () => {
      inside.push(...(await readAll(streamEvents(() => hello("you")))));
      return inside.length;
    });
    const events = await readAll(streamEvents(() => outer()));
    const expected = ["on_chain_start outer", ...HELLO, "on_chain_stream outer", "on_chain_end outer"];
    expect(names(events)).toEqual(expected);
    expect(names(inside)).toEqual(HELLO);
    const [root] = events;
    expect(inside.map(({ parent_ids }) => parent_ids)).toEqual(Array(3).fill([root?.run_id]));
    expect(events.slice(1, 3)).toEqual(inside.slice(0, 2));
    // To the stream inside, the run is a root, whose end does not repeat its input.
    expect([events[3]?.data, inside[2]?.data]).toEqual([
      { output: "hello you", input: "you" },
      { output: "hello you" },
    ]);
  });

  test("the runs of a stream inside it without a run between, down to children that get their manager", async () => {
    const nested = () =>
      streamEvents(async ({ callbacks }) => {
        const run = await callbacks.onChainStart({ name: "inner" }, 1);
        await run.getChild().onToolStart({ name: "tool" }, "");
      });
    const expected = ["on_chain_start inner", "on_tool_start tool"];
    expect(names(await readAll(streamEvents(() => readAll(nested()))))).toEqual(expected);
  });

  test("the events that match the filters; the run does not wait for others", async () => {
    const model = chatModel("model", ["a", "b"]);
    const stream = streamEvents(() => step("outer", () => model())(), {
      includeTypes: ["chat_model"],
      maxBufferedEvents: 1,
    });
    const all = ["start", "stream", "stream", "end"].map((phase) => `on_chat_model_${phase} model`);
    expect(names(await readAll(stream))).toEqual(all);
  });
});

describe("when the function is called", () => {
  test("with the first next(), in the context of streamEvents", async () => {
    let calls = 0;
    const record = recorder();
    const stream = await traceAsChainGroup("group", { callbacks: [record] }, () =>
      streamEvents(() => {
        calls += 1;
        return hello("you");
      }),
    );
    await settleTasks();
    expect(calls).toBe(0);
    const events = await readAll(stream);
    expect(calls).toBe(1);
    expect(events[0]?.parent_ids).toEqual([record.records[0]?.runId]);
  });

  test("once, for any number of concurrent reads; each gets its own event", async () => {
    let calls = 0;
    const stream = streamEvents(() => {
      calls += 1;
      return hello("you");
    });
    const reads = await Promise.all([stream.next(), stream.next(), stream.next(), stream.next()]);
    expect(reads.map(({ value }) => value?.event)).toEqual([
      "on_chain_start",
      "on_chain_stream",
      "on_chain_end",
      undefined,
    ]);
    expect(calls).toBe(1);
  });

  test("never, if the stream is left before; the result rejects with the reason", async () => {
    let calls = 0;
    const stream = streamEvents(() => {
      calls += 1;
    });
    await stream.return();
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    await expect(stream.result).rejects.toMatchObject({ code: "SIDECALL_STREAM_LEFT" });
    expect(stream.signal.aborted).toBe(true);
    expect(calls).toBe(0);
  });

  test("an async generator is read to its end; its return value is the result", async () => {
    const stream = streamEvents(async function* () {
      yield await hello("a");
      yield await hello("b");
      return "returned";
    });
    expect(names(await readAll(stream))).toEqual([...HELLO, ...HELLO]);
    expect(await stream.result).toBe("returned");
  });

  test("an async generator is closed at its current yield when the consumer leaves", async () => {
    const { open, opened } = gate();
    const seen: string[] = [];
    const stream = streamEvents(async function* () {
      try {
        yield await hello("a");
        await opened;
        yield "no run is needed for this";
        seen.push("went on");
      } finally {
        seen.push("closed");
      }
    });
    for (const _ of HELLO) await stream.next();
    await stream.return();
    open();
    expect(await stream.result).toBeUndefined();
    expect(seen).toEqual(["closed"]);
  });
});

test.each<[string, unknown, StreamEventsOptions]>([
  ["run", undefined, {}],
  ["maxBufferedEvents", () => {}, { maxBufferedEvents: 0 }],
  ["includeName", () => {}, { includeName: ["misspelt"] } as object],
  ["excludeTags", () => {}, { excludeTags: "no list" } as object],
  ["signal", () => {}, { signal: {} } as object],
  ["callbacks[0]", () => {}, { callbacks: [() => {}] } as object],
])("a wrong %s is refused before anything runs", (name, run, options) => {
  const refused = { code: "SIDECALL_OPTION_INVALID", message: expect.stringContaining(name) };
  expect(() => streamEvents(run as () => void, options)).toThrow(expect.objectContaining(refused));
});
