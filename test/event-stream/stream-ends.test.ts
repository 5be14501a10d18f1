import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { type EventStream, streamEvents } from "../../src/index.ts";
import { collectFailures } from "../placements.ts";
import { gate } from "../support/gate.ts";
import { recorder } from "../support/recorder.ts";
import { step } from "../support/steps.ts";
import { configure, HELLO, hello, names, readAll, readWhatComes } from "../support/streams.ts";
import { isPending, settleTasks } from "../support/tasks.ts";

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

  test("leaves no unhandled rejection if its result is not used", async () => {
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
  /** A run of two steps; the first goes on until it is cancelled. */
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

  test("cancels a stream inside this one", async () => {
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
