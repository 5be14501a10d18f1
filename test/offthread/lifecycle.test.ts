import { expect, test } from "vitest";
import {
  type AnyEventRecord,
  AsyncCallbackManager,
  type CallbackHandler,
  type OffThreadOptions,
  offThread,
} from "../../src/index.ts";
import { fixture } from "../fixtures/modules.ts";
import { collectFailures } from "../placements.ts";
import { record } from "../support/records.ts";

const ORDERINGS = [{ ordering: "trace" }, { ordering: "none" }] as const satisfies OffThreadOptions[];

async function chainFor(handler: CallbackHandler) {
  return new AsyncCallbackManager({ handlers: [handler] }).onChainStart(null, {});
}

test.each(ORDERINGS)(
  "close handles queued events, once, and refuses later ones ($ordering)",
  async (options) => {
    const handler = await offThread(fixture("Recorder"), { ...options, acknowledge: "queued" });
    const chain = await chainFor(handler);
    for (let i = 0; i < 100; i += 1) void chain.onText(`${i}`);
    const closing = handler.close();
    expect(handler.close()).toBe(closing);
    await closing;
    expect(handler.stats()).toMatchObject({
      events: 101,
      depth: 0,
      dropped: 0,
      handlers: [{ handled: 101 }],
    });
    await handler.flush();
    await handler.abort();
    const late = handler.onEvent(record("on_text", "r", { text: "late" }));
    await expect(late).rejects.toMatchObject({ code: "SIDECALL_CLOSED" });
    const failures = await collectFailures(() => chain.onText("later"));
    expect(failures).toMatchObject([{ event: "on_text", error: { code: "SIDECALL_CLOSED" } }]);
  },
);

test.each(ORDERINGS)("flush and close reject when those of the handler fail ($ordering)", async (options) => {
  const handler = await offThread(fixture("failingFlushAndClose"), options);
  await expect(handler.flush()).rejects.toThrow("cannot flush");
  await expect(handler.close()).rejects.toMatchObject({
    errors: [{ message: "cannot flush" }, { message: "cannot close" }],
  });
});

test.each(ORDERINGS)("abort rejects and counts events that are not handled ($ordering)", async (options) => {
  const handler = await offThread(fixture("hanging"), options);
  const failures = await collectFailures(async () => {
    const chain = await chainFor(handler);
    const texts = [chain.onText("a"), chain.onText("b")];
    await Promise.all([handler.abort(), ...texts]);
  });
  expect(failures).toHaveLength(2);
  expect(failures).toMatchObject([
    { error: { code: "SIDECALL_ABORTED" } },
    { error: { code: "SIDECALL_ABORTED" } },
  ]);
  expect(handler.stats()).toMatchObject({ events: 2, dropped: 2, depth: 0 });
  await handler.close();
});

test.each(ORDERINGS)(
  "close rejects after timeoutMillis while a handler does not finish ($ordering)",
  async (options) => {
    for (const name of ["hanging", "looping"]) {
      const handler = await offThread(fixture(name), { ...options, acknowledge: "queued" });
      const chain = await chainFor(handler);
      await chain.onText("a");
      await expect(handler.close({ timeoutMillis: 50 })).rejects.toMatchObject({ code: "SIDECALL_TIMEOUT" });
      expect(handler.stats()).toMatchObject({ events: 1, dropped: 1, depth: 0 });
    }
  },
);

test.each(ORDERINGS)(
  "events of a hanging handler fail after handlerTimeoutMillis, and other handlers go on ($ordering)",
  async (options) => {
    const handler = await offThread([fixture("hanging"), fixture("Recorder")], {
      ...options,
      handlerTimeoutMillis: 50,
    });
    const failures = await collectFailures(async () => {
      const chain = await chainFor(handler);
      await Promise.all(["a", "b", "c"].map((text) => chain.onText(text)));
      await handler.flush();
    });
    expect(failures.map(({ error }) => error)).toMatchObject(
      Array.from({ length: 3 }, () => ({ code: "SIDECALL_HANDLER_TIMEOUT" })),
    );
    expect(handler.stats()).toMatchObject({
      depth: 0,
      handlers: [{ failed: 3 }, { name: "Recorder", handled: 4 }],
    });
    await handler.close();
  },
);

test.each(ORDERINGS)("a pending close and flush reject on abort ($ordering)", async (options) => {
  const handler = await offThread(fixture("hanging"), { ...options, acknowledge: "queued" });
  const chain = await chainFor(handler);
  await chain.onText("a");
  const ends = [handler.close(), handler.flush()].map((end) =>
    expect(end).rejects.toMatchObject({ code: "SIDECALL_ABORTED" }),
  );
  await Promise.all([handler.abort(), handler.abort(), ...ends]);
  expect(handler.stats()).toMatchObject({ events: 1, dropped: 1, depth: 0, restarts: 0 });
});

test.each(ORDERINGS)(
  "a dispatch rejects when several handlers raise errors, and each error is reported ($ordering)",
  async (options) => {
    const specs = ["a", "b", "c"].map((name) => ({ ...fixture("Failing", { raiseError: true }), name }));
    const handler = await offThread(specs, options);
    const failures = await collectFailures(async () => {
      await expect(chainFor(handler)).rejects.toThrow(RangeError);
    });
    // Including the one that rejects the dispatch.
    expect(failures.map(({ handler: name }) => name).sort()).toEqual(["a", "b", "c"]);
    expect(handler.stats().handlers).toMatchObject([{ failed: 1 }, { failed: 1 }, { failed: 1 }]);
    await handler.close();
  },
);

test.each(ORDERINGS)(
  "a token whose index cannot be read is handled and counted ($ordering)",
  async (options) => {
    const handler = await offThread(fixture("Recorder"), options);
    const [run] = await new AsyncCallbackManager({ handlers: [handler] }).onLLMStart(null, ["prompt"]);
    const index = {
      completion: 0,
      get prompt(): number {
        throw new Error("the index is broken");
      },
    };
    const failures = await collectFailures(async () => run?.onLLMNewToken("Why", { index }));
    await handler.flush();
    expect(failures).toEqual([]);
    expect(handler.stats()).toMatchObject({ events: 2, depth: 0, handlers: [{ handled: 2 }] });
    await handler.close();
  },
);

test("`await using` closes the handler", async () => {
  const handler = await offThread(fixture("plain"));
  await handler[Symbol.asyncDispose]();
  await expect(handler.onEvent({} as never)).rejects.toMatchObject({ code: expect.any(String) });
});

test.each(ORDERINGS)(
  "a raised failure that a wrapper passes on is reported once, under its own handler's name ($ordering)",
  async (options) => {
    const handler = await offThread({ ...fixture("Failing", { raiseError: true }), name: "inner" }, options);
    const wrapper = { name: "wrapper", raiseError: true, onEvent: (r: AnyEventRecord) => handler.onEvent(r) };
    const failures = await collectFailures(async () => {
      await expect(chainFor(wrapper)).rejects.toThrow(RangeError);
    });
    expect(failures.map(({ handler: name }) => name)).toEqual(["inner"]);
    await handler.close();
  },
);
