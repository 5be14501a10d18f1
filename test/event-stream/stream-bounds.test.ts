import { describe, expect, test } from "vitest";
import { type StreamEvent, streamEvents } from "../../src/index.ts";
import { gate } from "../support/gate.ts";
import { recorder } from "../support/recorder.ts";
import { configure, HELLO, hello, names, readAll, readWhatComes } from "../support/streams.ts";
import { settleTasks } from "../support/tasks.ts";

describe("a signal from outside", () => {
  const reason = new Error("enough");

  test("gives the consumer the events so far, then its reason, while the function goes on", async () => {
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

  test("releases a run that waits for space, and refuses later runs", async () => {
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
    const all = [first.value, ...events].map((each) => `${each?.event} ${each?.name}`);
    const [starts, errors] = ["start", "error"].map((phase) =>
      seen.map((name) => `on_chain_${phase} ${name}`),
    );
    // Runs that the function left open end before the iteration does.
    expect(all.slice(0, 3)).toEqual(starts);
    expect(all.slice(3).sort()).toEqual(errors?.sort());
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

  test("that aborts after the stream's end changes nothing", async () => {
    const outside = new AbortController();
    const stream = streamEvents(() => hello("you"), { signal: outside.signal });
    await stream.next();
    await stream.result;
    outside.abort(reason);
    expect(await readAll(stream)).toHaveLength(2);
  });
});

describe("a consumer slower than the runs", () => {
  test("makes them wait once the buffer is full; 100 000 tokens need no more space than that", async () => {
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

test("events of work that goes on after the function has ended are dropped without waiting", async () => {
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
