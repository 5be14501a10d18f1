import { readFileSync } from "node:fs";
import { expect } from "vitest";
import {
  AsyncCallbackManager,
  type CallbackHandler,
  FileCallbackHandler,
  type LLMResult,
  mergeUsageReports,
  UNKNOWN_MODEL,
  type UsageMetadataCallbackHandler,
  type UsageReport,
  withContext,
  withUsageMetadata,
} from "../../src/index.ts";
import { scratch } from "../fixtures/scratch.ts";
import { PLACEMENTS, type Placement } from "../placements.ts";
import { answer, ask, generation, times, USAGE } from "../support/usage.ts";
import { INLINE, ORDERED, taken, withPlaced } from "./placed.ts";
import { defect, row } from "./row.ts";

const path = scratch();

const OTHER = { input_tokens: 10, output_tokens: 20, total_tokens: 30, output_token_details: { audio: 1 } };
const BOTH = {
  input_tokens: 11,
  output_tokens: 22,
  total_tokens: 33,
  input_token_details: { audio: 4, cache_read: 5 },
  output_token_details: { audio: 7, reasoning: 7 },
};

type Calls = (manager: AsyncCallbackManager, handler: CallbackHandler) => Promise<void>;

/** The counts of a usage handler after `calls`. */
function counts(expected: UsageReport, calls: Calls) {
  return (placement: Placement) =>
    withPlaced(placement, ["UsageMetadataCallbackHandler"], async (placed) => {
      await calls(new AsyncCallbackManager({ handlers: [placed.handler] }), placed.handler);
      expect(mergeUsageReports(await taken<UsageReport>(placed, "report"))).toEqual(expected);
    });
}

const A = answer(USAGE, "a");

row(
  48,
  PLACEMENTS,
  counts({ a: BOTH }, (manager) => ask(manager, A, answer(OTHER, "a"))),
);

row(
  49,
  PLACEMENTS,
  counts({ a: times(4) }, (manager) => ask(manager, A, A, A, A)),
);

row(
  50,
  PLACEMENTS,
  counts({ a: times(2) }, async (_, handler) => {
    const manager = AsyncCallbackManager.configure({ inheritable: [handler] });
    const runs = await manager?.onLLMStart(null, ["one", "two"]);
    await Promise.all(runs?.map((run) => run.onLLMEnd(A)) ?? []);
  }),
);

row(
  51,
  PLACEMENTS,
  counts({ a: USAGE, b: OTHER }, (manager) => ask(manager, A, answer(OTHER, "b"))),
);

row(
  52,
  PLACEMENTS,
  counts({ a: times(6) }, async (manager) => {
    const runs = await manager.onLLMStart(null, ["one", "two"]);
    const batch = runs.map((run) => run.onLLMEnd(A));
    await Promise.all([ask(manager, A, A), ask(manager, A, A), ...batch]);
  }),
);

row(
  54,
  PLACEMENTS,
  counts({ a: USAGE }, async (_, handler) => {
    const call = () => ask(AsyncCallbackManager.configure({}) ?? new AsyncCallbackManager(), A);
    const block = withContext({ handlers: [handler] }, async () => {
      await call();
      throw new Error("the block throws");
    });
    await expect(block).rejects.toThrow("the block throws");
    await call();
  }),
);

row(54, INLINE, async () => {
  const configured = () => AsyncCallbackManager.configure({}) ?? new AsyncCallbackManager();
  let counter: UsageMetadataCallbackHandler | undefined;
  const block = withUsageMetadata(async (usage) => {
    counter = usage;
    await ask(configured(), A);
    throw new Error("the block throws");
  });
  await expect(block).rejects.toThrow("the block throws");
  await ask(configured(), A);
  expect(counter?.usageMetadata).toEqual({ a: USAGE });
});

row(73, PLACEMENTS, async (placement) => {
  const used = generation(USAGE, "a");
  const cases: [LLMResult["generations"], UsageReport][] = [
    [[[used]], { a: USAGE }],
    [[[generation(undefined, "a")]], {}],
    [[[{ text: "" }]], {}],
    [[], {}],
    [[[]], {}],
    [[[used, used]], { a: times(2) }],
    [[[used], [used]], { a: times(2) }],
  ];
  for (const [generations, expected] of cases) {
    await counts(expected, (manager) => ask(manager, { generations }))(placement);
  }
});

defect(
  "5.3.1",
  PLACEMENTS,
  counts({ a: times(3), [UNKNOWN_MODEL]: times(2) }, async (manager) => {
    const used = generation(USAGE, "a");
    await ask(manager, { generations: [[{ text: "no message" }, used], [], [used, used]] });
    await ask(manager, answer(USAGE), answer(USAGE));
  }),
);

async function runChain(...handlers: CallbackHandler[]): Promise<void> {
  const manager = AsyncCallbackManager.configure({
    inheritable: new AsyncCallbackManager(),
    local: handlers,
  });
  const chain = await manager?.onChainStart({ name: "FakeChain" }, {});
  await chain?.onChainEnd({});
}

row(112, ORDERED, async (placement) => {
  const bold = (text: string) => `\u001b[1m${text}\u001b[22m`;
  await withPlaced(placement, ["Printed"], async (placed) => {
    await runChain(placed.handler);
    expect(await taken<string>(placed)).toEqual([
      `\n\n${bold("> Entering new FakeChain chain...")}\n`,
      `\n${bold("> Finished chain.")}\n`,
    ]);
  });
});

const ENTERING = "Entering new FakeChain chain";

// A handler that is made for one call.
row(113, PLACEMENTS, async (placement) => {
  const file = path(placement.name.replaceAll(/\W/g, "-"));
  await withPlaced(placement, [["FileCallbackHandler", { path: file }]], async ({ handler }) => {
    await runChain(handler);
    await runChain();
    await handler.flush?.();
    expect(readFileSync(file, "utf8").split(ENTERING)).toHaveLength(2);
  });
});

// A handler that its scope disposes of.
row(113, INLINE, async () => {
  const handler = new FileCallbackHandler({ path: path("scope") });
  await runChain(handler).finally(() => handler[Symbol.asyncDispose]());
  expect(readFileSync(path("scope"), "utf8")).toContain(ENTERING);
});
