import { expect } from "vitest";
import { type AnyEventRecord, AsyncCallbackManager, type CallbackHandler } from "../../src/index.ts";
import { CONTEXT } from "../fixtures/handlers.ts";
import { PLACEMENTS } from "../placements.ts";
import { INLINE, withPlaced } from "./placed.ts";
import { defect, row } from "./row.ts";

row(30, INLINE, async (placement) => {
  await withPlaced(placement, [["ContextWriter", { runInline: true }]], async ({ handler }) => {
    await CONTEXT.run("before", async () => {
      await new AsyncCallbackManager({ handlers: [handler] }).onLLMStart(null, ["written"]);
      expect(CONTEXT.getStore()).toBe("written");
      const write = (text: string) => ({ runInline: true, onLLMStart: () => CONTEXT.enterWith(text) });
      const handlers = [write("first"), write("second")];
      await new AsyncCallbackManager({ handlers }).onLLMStart(null, ["written"]);
      expect(CONTEXT.getStore()).toBe("second");
    });
  });
});

// Inline the handler awaits first; off-thread any handler will do.
row(31, PLACEMENTS, async (placement) => {
  await withPlaced(
    placement,
    [["ContextWriter", { awaitsFirst: placement.isInline }]],
    async ({ handler }) => {
      await CONTEXT.run("before", async () => {
        await new AsyncCallbackManager({ handlers: [handler] }).onLLMStart(null, ["written"]);
        expect(CONTEXT.getStore()).toBe("before");
      });
    },
  );
});

row(32, INLINE, async () => {
  const seen: (string | undefined)[] = [];
  const read = () => void seen.push(CONTEXT.getStore());
  const handlers: CallbackHandler[] = [
    { runInline: true, onLLMStart: () => CONTEXT.enterWith(`${Number(CONTEXT.getStore()) + 1}`) },
    { runInline: true, onLLMStart: async () => read() },
    { onLLMStart: () => undefined },
    { runInline: true, onLLMStart: async () => read() },
  ];
  await CONTEXT.run("0", () => new AsyncCallbackManager({ handlers }).onLLMStart(null, ["a", "b", "c"]));
  expect(seen).toEqual(["1", "1", "2", "2", "3", "3"]);
});

row(33, INLINE, async () => {
  const seen: unknown[] = [];
  const read = async ({ event }: AnyEventRecord) => {
    await new Promise((resolve) => setImmediate(resolve));
    seen.push([event, CONTEXT.getStore()]);
  };
  const handlers = [{ onLLMEnd: read }, { runInline: true, onChainEnd: read }];
  const controller = new AbortController();
  const manager = new AsyncCallbackManager({ signal: controller.signal });
  manager.setHandlers(handlers);
  const chain = await manager.onChainStart(null, {});
  const [model] = await chain.getChild().onLLMStart(null, ["p"]);
  await CONTEXT.run("the caller's", async () => {
    const end = model?.onLLMEnd({ generations: [] });
    controller.abort();
    await end;
    await chain.onChainEnd({});
  });
  expect(seen).toEqual([
    ["on_llm_end", "the caller's"],
    ["on_chain_end", "the caller's"],
  ]);
});

defect("3.3.2", INLINE, async () => {
  const handler: CallbackHandler = { runInline: true, onLLMEnd: () => CONTEXT.enterWith("written") };
  const { signal } = new AbortController();
  const [run] = await new AsyncCallbackManager({ handlers: [handler], signal }).onLLMStart(null, ["p"]);
  await CONTEXT.run("before", async () => {
    await run?.onLLMEnd({ generations: [] });
    expect(CONTEXT.getStore()).toBe("written");
  });
});
