import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { AsyncCallbackManager, currentRun, withContext } from "../../src/index.ts";
import { recorder } from "../support/recorder.ts";

const configure = () => AsyncCallbackManager.configure();

async function chainWith(handler = recorder()) {
  const manager = new AsyncCallbackManager();
  manager.addHandler(handler);
  return { handler, chain: await manager.onChainStart({ name: "outer" }, {}) };
}

test("a nested manager gets parent, handlers, tags and metadata from the context", async () => {
  const handler = recorder();
  const manager = new AsyncCallbackManager();
  manager.addHandler(handler);
  manager.addTags(["down"]);
  manager.addMetadata({ tenant: 7 });
  const chain = await manager.onChainStart({ name: "outer" }, {});
  const [tool, llm] = await withContext({ run: chain }, async () => {
    const tool = await configure().onToolStart({ name: "tool" }, "in");
    const [llm] = await withContext({ run: tool }, () => configure().onLLMStart(null, ["p"]));
    return [tool, llm] as const;
  });
  expect(handler.records).toMatchObject([
    { runId: chain.runId, parentRunId: undefined },
    { runId: tool.runId, parentRunId: chain.runId, tags: ["down"], metadata: { tenant: 7 } },
    { runId: llm?.runId, parentRunId: tool.runId, traceId: chain.runId, tags: ["down"] },
  ]);
});

test("the context lasts across await, timers, immediates and promises, and not outside of them", async () => {
  const { chain } = await chainWith();
  const seen: (string | undefined)[] = [];
  const look = () => void seen.push(currentRun()?.runId);
  await withContext({ run: chain }, async () => {
    look();
    await Promise.resolve();
    look();
    await delay(1);
    look();
    await new Promise<void>((resolve) => setTimeout(() => resolve(look()), 1));
    await new Promise<void>((resolve) => setImmediate(() => resolve(look())));
    await new Promise<void>((resolve) => process.nextTick(() => resolve(look())));
    queueMicrotask(look);
    await Promise.all([1, 2].map(async () => look()));
  });
  expect(seen).toEqual(Array(9).fill(chain.runId));
  expect(currentRun()).toBeUndefined();
  expect(configure().parentRunId).toBeUndefined();
});

test("concurrent requests each see their own run, however they interleave", async () => {
  const handler = recorder();
  const manager = new AsyncCallbackManager();
  manager.addHandler(handler);
  const request = async (i: number) => {
    const chain = await manager.onChainStart({ name: `request ${i}` }, {});
    await withContext({ run: chain }, async () => {
      for (let step = 0; step < 3; step += 1) {
        await new Promise((resolve) => setImmediate(resolve));
        const tool = await configure().onToolStart({ name: `tool of ${i}` }, String(step));
        expect(tool.parentRunId).toBe(chain.runId);
        expect(tool.traceId).toBe(chain.runId);
      }
    });
  };
  await Promise.all(Array.from({ length: 50 }, (_, i) => request(i)));
  expect(handler.records).toHaveLength(50 * 4);
});

test("explicit handlers join those of the ambient run, each once", async () => {
  const [around, own] = [recorder(), recorder()];
  const { chain } = await chainWith(around);
  const manager = withContext({ run: chain }, () =>
    AsyncCallbackManager.configure({ inheritable: [own, around], local: [own] }),
  );
  expect(manager.handlers).toEqual([around, own]);
  expect(manager.inheritableHandlers).toEqual([around, own]);
  expect(manager.parentRunId).toBe(chain.runId);
});

test("the ambient run replaces the parent of a manager without one, or of a run above it, but not of another trace", async () => {
  const { chain, handler } = await chainWith();
  const tool = await chain.getChild().onToolStart(null, "in");
  const inner = await tool.getChild().onChainStart(null, {});
  const other = recorder();
  const { chain: stranger } = await chainWith(other);
  withContext({ run: inner }, () => {
    const parentOf = (inheritable: AsyncCallbackManager) => {
      const { parentRunId, handlers } = AsyncCallbackManager.configure({ inheritable });
      return { parentRunId, handlers };
    };
    expect(parentOf(chain.getChild())).toEqual({ parentRunId: inner.runId, handlers: [handler] });
    expect(parentOf(tool.getChild())).toEqual({ parentRunId: inner.runId, handlers: [handler] });
    expect(parentOf(new AsyncCallbackManager())).toEqual({ parentRunId: inner.runId, handlers: [handler] });
    expect(parentOf(stranger.getChild())).toEqual({ parentRunId: stranger.runId, handlers: [other] });
  });
});

test("a run traced elsewhere becomes the parent; its children inherit from the run above it", async () => {
  const { chain, handler } = await chainWith();
  const foreign = { runId: "span-1", traceId: "trace-1" };
  const alone = withContext({ run: foreign }, configure);
  expect(alone).toMatchObject({ parentRunId: "span-1", traceId: "trace-1", handlers: [] });
  const between = withContext({ run: chain }, () => withContext({ run: foreign }, configure));
  expect(between).toMatchObject({ parentRunId: "span-1", traceId: "trace-1", handlers: [handler] });
  const above = withContext({ run: chain }, () =>
    withContext({ run: foreign }, () => AsyncCallbackManager.configure({ inheritable: chain.getChild() })),
  );
  expect(above.parentRunId).toBe("span-1");
});

test("tags, metadata and handlers of a context reach every manager configured within, at any depth", async () => {
  const [scoped, inherited] = [recorder(), recorder()];
  await withContext({ tags: ["a"], metadata: { k: 1, l: 1 }, handlers: [scoped] }, async () => {
    const root = await AsyncCallbackManager.configure({ inheritable: [inherited] }).onChainStart(null, {});
    await withContext({ run: root, tags: ["b"], metadata: { k: 2 } }, async () => {
      const tool = await configure().onToolStart(null, "in");
      expect(tool.tags).toEqual(["a", "b"]);
      expect(tool.metadata).toEqual({ k: 2, l: 1 });
    });
  });
  expect(scoped.records).toHaveLength(2);
  expect(inherited.records).toHaveLength(2);
  expect(configure().handlers).toEqual([]);
});

test("the nearest metadata wins: explicit options, then a context's own, then its run's, then the outer context's", async () => {
  await withContext({ metadata: { k: "outer", l: "outer", m: "outer", n: "outer" } }, async () => {
    const manager = AsyncCallbackManager.configure({ inheritableMetadata: { k: "run", l: "run", m: "run" } });
    const chain = await manager.onChainStart(null, {});
    withContext({ run: chain, metadata: { k: "context", l: "context" } }, () => {
      const inner = AsyncCallbackManager.configure({ localMetadata: { k: "own" } });
      expect(inner.metadata).toEqual({ k: "own", l: "context", m: "run", n: "outer" });
    });
  });
});

test("a run of another trace inherits nothing from the ambient run, however it is given", async () => {
  const around = await AsyncCallbackManager.configure({
    inheritableTags: ["around"],
    inheritableMetadata: { around: true },
  }).onChainStart(null, {});
  const other = await new AsyncCallbackManager().onChainStart(null, {});
  withContext({ metadata: { context: true } }, () =>
    withContext({ run: around }, () => {
      const given = AsyncCallbackManager.configure({ inheritable: other.getChild() });
      const nested = withContext({ run: other }, () => configure());
      for (const { parentRunId, tags, metadata } of [given, nested]) {
        expect({ parentRunId, tags, metadata }).toEqual({
          parentRunId: other.runId,
          tags: [],
          metadata: { context: true },
        });
      }
    }),
  );
});

test("a context's signal cancels the runs of managers configured within it", async () => {
  const controller = new AbortController();
  const tool = await withContext({ signal: controller.signal }, () => configure().onToolStart(null, "in"));
  controller.abort(new RangeError("enough"));
  await expect(tool.onToolEvent(1)).rejects.toThrow("enough");
  await expect(tool.getChild().onChainStart(null, {})).rejects.toThrow("enough");
});

test("withContext returns the body's result; the context ends with the body, even if that throws", async () => {
  expect(withContext({ tags: ["x"] }, () => 7)).toBe(7);
  expect(() =>
    withContext({ tags: ["x"] }, () => {
      throw new RangeError("no");
    }),
  ).toThrow(RangeError);
  await expect(withContext({ tags: ["x"] }, () => Promise.reject(new RangeError("no")))).rejects.toThrow(
    "no",
  );
  expect(configure().tags).toEqual([]);
});

test.each([
  [{ rnu: {} }, "rnu"],
  [{ run: {} }, "run"],
  [{ run: null }, "run"],
  [{ handlers: [undefined] }, "handlers[0]"],
  [{ tags: "abc" }, "tags"],
  [{ metadata: "abc" }, "metadata"],
])("an invalid context is refused: %o", (context, name) => {
  const error = { code: "SIDECALL_OPTION_INVALID", message: expect.stringContaining(`\`${name}\``) };
  expect(() => withContext(context as object, () => 1)).toThrow(expect.objectContaining(error));
});

test("a context without a body is refused", () => {
  expect(() => withContext({}, undefined as never)).toThrow(
    expect.objectContaining({ code: "SIDECALL_OPTION_INVALID" }),
  );
});
