import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import {
  AsyncCallbackManager,
  type EventStream,
  type StreamEvent,
  type StreamEventsOptions,
  streamEvents,
  traceAsChainGroup,
} from "../../src/index.ts";
import { collectFailures } from "../placements.ts";
import { recorder } from "../support/recorder.ts";
import { chatModel, step } from "../support/steps.ts";
import { isPending, settleTasks } from "../support/tasks.ts";

const configure = () => AsyncCallbackManager.configure();
const names = (events: readonly StreamEvent[]) => events.map(({ event, name }) => `${event} ${name}`);

async function readAll(stream: AsyncIterable<StreamEvent>): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  for await (const event of stream) events.push(event);
  return events;
}

/** Reads until the stream ends or fails; gives what came, and with what it failed. */
async function readWhatComes(stream: EventStream): Promise<{ events: StreamEvent[]; error: unknown }> {
  const events: StreamEvent[] = [];
  try {
    for await (const event of stream) events.push(event);
    return { events, error: undefined };
  } catch (error) {
    return { events, error };
  }
}

/** A door that somebody waits at until it is opened. */
function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

const hello = step("hello", (input) => `hello ${input}`);
const HELLO = ["on_chain_start hello", "on_chain_stream hello", "on_chain_end hello"];

describe("what a stream has", () => {
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

  test("other handlers hear of the runs too, each once, however often they are given", async () => {
    const other = recorder();
    const manager = new AsyncCallbackManager();
    manager.addHandler(other);
    for (const callbacks of [[other, other], manager]) {
      const events = await readAll(streamEvents(() => hello("you"), { callbacks }));
      expect(other.records.splice(0).map(({ event }) => event)).toEqual(events.map(({ event }) => event));
    }
  });

  test("what a manager brings that is given: handlers, tags, metadata and parent, passed or found", async () => {
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

  test("what filters let pass, which is all that has to be read", async () => {
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

  test("once, whatever number of reads wait at the same time; each gets its own event", async () => {
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

  test("never, if the stream is left before; the result tells why", async () => {
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

  test("an asynchronous generator is read to its end; what it returns is the result", async () => {
    const stream = streamEvents(async function* () {
      yield await hello("a");
      yield await hello("b");
      return "returned";
    });
    expect(names(await readAll(stream))).toEqual([...HELLO, ...HELLO]);
    expect(await stream.result).toBe("returned");
  });

  test("an asynchronous generator is closed where it is when the consumer leaves", async () => {
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

describe("a function that fails", () => {
  const error = new Error("no");

  test("gives the consumer its events, errors included, then its error, once", async () => {
    const stream = streamEvents(() =>
      step("outer", async () => {
        await hello("you");
        throw error;
      })(),
    );
    const read = await readWhatComes(stream);
    expect(names(read.events)).toEqual(["on_chain_start outer", ...HELLO, "on_chain_error outer"]);
    expect(read.events.at(-1)?.data).toEqual({ error });
    expect(read.error).toBe(error);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    await expect(stream.result).rejects.toBe(error);
  });

  test.each([
    ["at once", () => Promise.reject(error)],
    [
      "without a promise",
      () => {
        throw error;
      },
    ],
    [
      "in a generator",
      // biome-ignore lint/correctness/useYield: fails first
      async function* () {
        throw error;
      },
    ],
  ])("%s, fails the iteration", async (_, fail) => {
    expect(await readWhatComes(streamEvents(fail))).toEqual({ events: [], error });
  });

  test("and whose result nobody asks for leaves no unhandled rejection", async () => {
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => void unhandled.push(reason);
    process.on("unhandledRejection", note);
    try {
      await readWhatComes(streamEvents(() => Promise.reject(error)));
      const left = streamEvents(async ({ signal }) => {
        await hello("you");
        signal.throwIfAborted();
      });
      await left.next();
      await left.return();
      await streamEvents(() => 1).return();
      await delay(1);
    } finally {
      process.off("unhandledRejection", note);
    }
    expect(unhandled).toEqual([]);
  });
});

describe("leaving early", () => {
  /** A run of two steps, of which the first goes on until it is cancelled. */
  function twoSteps(events: string[] = []) {
    const first = step("first", async function* (_, run) {
      for (let i = 0; ; i += 1) {
        run.signal?.throwIfAborted();
        await settleTasks(1);
        yield `${i}`;
      }
    });
    const second = step("second", () => events.push("second began"));
    return step("outer", async () => {
      await first().catch(() => events.push("first failed"));
      await second();
    });
  }

  test.each<[string, (stream: EventStream) => Promise<unknown>]>([
    [
      "break",
      async (stream) => {
        for await (const { name } of stream) if (name === "first") break;
      },
    ],
    [
      "throw",
      async (stream) => {
        const failing = async () => {
          for await (const { name } of stream) if (name === "first") throw new Error("mine");
        };
        await expect(failing()).rejects.toThrow("mine");
      },
    ],
    ["return()", (stream) => stream.next().then(() => stream.return())],
    ["dispose", (stream) => stream.next().then(() => stream[Symbol.asyncDispose]())],
  ])("by %s cancels the running step and starts no other", async (_, leave) => {
    const seen: string[] = [];
    const other = recorder();
    const stream = streamEvents(() => twoSteps(seen)(), { callbacks: [other] });
    const failures = await collectFailures(async () => {
      await leave(stream);
      const reason = { code: "SIDECALL_STREAM_LEFT" };
      await expect(stream.result).rejects.toMatchObject(reason);
      expect(stream.signal.reason).toMatchObject(reason);
    });
    expect(failures).toEqual([]);
    expect(seen).not.toContain("second began");
    const ends = other.records.filter(({ event }) => event !== "on_chain_stream").map(({ event }) => event);
    expect(ends.filter((event) => event === "on_chain_error")).toHaveLength(
      ends.filter((event) => event === "on_chain_start").length,
    );
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });

  test("refuses runs that begin later, with the manager that was given too", async () => {
    const { open, opened } = gate();
    const stream = streamEvents(async ({ callbacks, signal }) => {
      await callbacks.onChainStart(null, 1);
      await opened;
      const starts = [callbacks, configure()].map((manager) => manager.onChainStart(null, 2));
      return [signal.aborted, ...(await Promise.allSettled(starts)).map(({ status }) => status)];
    });
    await stream.next();
    await stream.return();
    open();
    expect(await stream.result).toEqual([true, "rejected", "rejected"]);
  });

  test("a stream around one cancels the one inside", async () => {
    const inside: EventStream[] = [];
    const { open, opened } = gate();
    const outer = streamEvents(async () => {
      const inner = streamEvents(async ({ callbacks, signal }) => {
        await callbacks.onChainStart(null, 1);
        await opened;
        return signal.aborted;
      });
      inside.push(inner);
      await readAll(inner);
    });
    await outer.next();
    await outer.return();
    open();
    expect(await inside[0]?.result).toBe(true);
  });

  test("by throw() gives its error to the caller and to the signal", async () => {
    const error = new Error("mine");
    const stream = streamEvents(() => twoSteps()());
    await stream.next();
    await expect(stream.throw(error)).rejects.toBe(error);
    await expect(stream.result).rejects.toBe(error);
  });

  test("does not wait for a function that ignores the signal, nor for one that waits for space", async () => {
    const { open, opened } = gate();
    const stream = streamEvents(
      async ({ callbacks }) => {
        const run = await callbacks.onChainStart({ name: "deaf" }, 1);
        await run.onChainStream(1).catch(() => undefined);
        await run.onChainStream(2).catch(() => undefined);
        await opened;
        await run.onChainEnd("heard nothing");
        return "done";
      },
      { maxBufferedEvents: 1 },
    );
    expect((await stream.next()).value).toMatchObject({ event: "on_chain_start" });
    await settleTasks();
    expect(await stream.return()).toEqual({ done: true, value: undefined });
    expect(await isPending(stream.result)).toBe(true);
    open();
    expect(await stream.result).toBe("done");
  });

  test("ends reads that wait", async () => {
    const stream = streamEvents(() => new Promise(() => {}));
    const waiting = stream.next();
    await stream.return();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  test("after the function has ended aborts nothing", async () => {
    const stream = streamEvents(() => hello("you"));
    await stream.next();
    await stream.result;
    await stream.return();
    expect(stream.signal.aborted).toBe(false);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
  });
});

describe("a signal from outside", () => {
  const reason = new Error("enough");

  test("gives the consumer what has come, then its reason, though the function goes on", async () => {
    const outside = new AbortController();
    const { open, opened } = gate();
    const body = async () => {
      await hello("you");
      outside.abort(reason);
      await opened;
      return "done";
    };
    const stream = streamEvents(body, { signal: outside.signal });
    const { events, error } = await readWhatComes(stream);
    expect([names(events), error]).toEqual([HELLO, reason]);
    expect(stream.signal.reason).toBe(reason);
    open();
    expect(await stream.result).toBe("done");
  });

  test("lets a run go that waits for space, and refuses what begins later", async () => {
    const outside = new AbortController();
    const seen: string[] = [];
    const body = async () => {
      for (const name of ["first", "second", "third"]) {
        await configure().onChainStart({ name }, 1);
        seen.push(name);
      }
      await configure().onChainStart({ name: "fourth" }, 1);
    };
    const stream = streamEvents(body, { signal: outside.signal, maxBufferedEvents: 1 });
    const first = await stream.next();
    await settleTasks();
    expect(seen).toEqual(["first", "second"]);
    outside.abort(reason);
    await expect(stream.result).rejects.toBe(reason);
    expect(seen).toEqual(["first", "second", "third"]);
    const { events, error } = await readWhatComes(stream);
    expect([first.value?.name, ...events.map(({ name }) => name)]).toEqual(seen);
    expect(error).toBe(reason);
  });

  test("that is aborted already keeps the function from being called", async () => {
    let calls = 0;
    const body = () => {
      calls += 1;
    };
    const stream = streamEvents(body, { signal: AbortSignal.abort(reason) });
    await expect(stream.next()).rejects.toBe(reason);
    await expect(stream.result).rejects.toBe(reason);
    expect(await stream.next()).toEqual({ done: true, value: undefined });
    expect(calls).toBe(0);
  });

  test.each(["read to its end", "left", "failed"])("does not hold a stream that is %s", async (how) => {
    const listeners = new Set<unknown>();
    const { signal } = new AbortController();
    const { addEventListener: add, removeEventListener: remove } = signal;
    Object.assign(signal, {
      addEventListener(...args: Parameters<typeof add>) {
        listeners.add(args[1]);
        add.apply(signal, args);
      },
      removeEventListener(...args: Parameters<typeof remove>) {
        listeners.delete(args[1]);
        remove.apply(signal, args);
      },
    });
    const body = async () => {
      await hello("you");
      if (how === "failed") throw reason;
    };
    const stream = streamEvents(body, { signal });
    expect(listeners.size).toBe(0);
    await stream.next();
    expect(listeners.size).toBe(1);
    if (how === "left") await stream.return();
    else await readWhatComes(stream);
    expect(listeners.size).toBe(0);
  });

  test("that comes when all is over changes nothing", async () => {
    const outside = new AbortController();
    const stream = streamEvents(() => hello("you"), { signal: outside.signal });
    await stream.next();
    await stream.result;
    outside.abort(reason);
    expect(await readAll(stream)).toHaveLength(2);
  });
});

describe("a consumer slower than the runs", () => {
  test("holds them up once the buffer is full; 100 000 tokens need no more space than that", async () => {
    const count = 100_000;
    const maxBufferedEvents = 100;
    let sent = 0;
    let ahead = 0;
    const stream = streamEvents(
      async ({ callbacks }) => {
        const [run] = await callbacks.onLLMStart({ name: "model" }, ["p"]);
        for (; sent < count; sent += 1) await run?.onLLMNewToken(`${sent} `);
        await run?.onLLMEnd({ generations: [] });
      },
      { maxBufferedEvents },
    );
    let read = 0;
    for await (const event of stream) {
      if (event.event !== "on_llm_stream") continue;
      if (JSON.stringify(event.data.chunk) === `{"text":"${read} "}`) read += 1;
      ahead = Math.max(ahead, sent - read);
      if (read % 5000 === 0) await settleTasks(1);
    }
    expect(read).toBe(count);
    expect(ahead).toBeGreaterThanOrEqual(maxBufferedEvents - 1);
    expect(ahead).toBeLessThanOrEqual(maxBufferedEvents + 1);
  });

  test("loses nothing of many runs that all wait at once, nor of a run that waits for nothing", async () => {
    const stream = streamEvents(
      async ({ callbacks }) => {
        await Promise.all(Array.from({ length: 50 }, (_, i) => callbacks.onChainStart(null, i)));
        const run = await callbacks.onChainStart(null, 50);
        for (let i = 0; i < 50; i += 1) void run.onChainStream(i);
        void run.onChainEnd("end");
      },
      { maxBufferedEvents: 1 },
    );
    const events: StreamEvent[] = [];
    for await (const event of stream) {
      events.push(event);
      await settleTasks(1);
    }
    expect(events.slice(0, 51).map(({ data }) => data)).toEqual(
      Array.from({ length: 51 }, (_, i) => ({ input: i })),
    );
    const chunks = Array.from({ length: 50 }, (_, i) => ({ chunk: i }));
    expect(events.slice(51).map(({ data }) => data)).toEqual([...chunks, { output: "end" }]);
  });
});

test("events of work that goes on after the function has ended are dropped, and hold nobody up", async () => {
  const { open, opened } = gate();
  let background = Promise.resolve<unknown>(undefined);
  const other = recorder();
  const stream = streamEvents(
    async () => {
      await hello("you");
      background = opened.then(() => hello("nobody"));
    },
    { callbacks: [other], maxBufferedEvents: 1 },
  );
  expect(names(await readAll(stream))).toEqual(HELLO);
  open();
  expect(await background).toBe("hello nobody");
  expect(other.records).toHaveLength(6);
});

test.each<[string, unknown, StreamEventsOptions]>([
  ["run", undefined, {}],
  ["maxBufferedEvents", () => {}, { maxBufferedEvents: 0 }],
  ["includeName", () => {}, { includeName: ["misspelt"] } as object],
  ["excludeTags", () => {}, { excludeTags: "no list" } as object],
  ["signal", () => {}, { signal: {} } as object],
  ["handlers", () => {}, { callbacks: [() => {}] } as object],
])("a wrong %s is refused at the door", (name, run, options) => {
  const refused = { code: "SIDECALL_OPTION_INVALID", message: expect.stringContaining(name) };
  expect(() => streamEvents(run as () => void, options)).toThrow(expect.objectContaining(refused));
});
