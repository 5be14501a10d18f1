import { expect, test } from "vitest";
import { AsyncCallbackManager, offThread } from "../../src/index.ts";
import { fixture } from "../fixtures/modules.ts";

test("events of a trace after its last end wait until the handler has handled that end", async () => {
  const handler = await offThread<{ maxConcurrent(): number }>(fixture("ConcurrencyCounter"), {
    acknowledge: "queued",
  });
  const manager = new AsyncCallbackManager({ handlers: [handler] });
  const chain = await manager.onChainStart(null, {});
  await handler.flush();
  await chain.onChainEnd({});
  await chain.onText("late");
  await chain.getChild().onChainStart(null, {});
  await chain.onText("later");
  await handler.flush();
  expect(await handler.remote.maxConcurrent()).toEqual([1]);
  await handler.close();
});
