import { expect } from "vitest";
import { AsyncCallbackManager, offThread } from "../../src/index.ts";
import { HANDLED, OFF_THREAD, taken, withPlaced } from "./placed.ts";
import { defect, NO_PLACEMENT } from "./row.ts";

/** Number of reads of the inputs on this thread for that many handlers on a worker thread. */
async function readsWith(handlers: number): Promise<number> {
  const module = new URL("../fixtures/handlers.js", import.meta.url);
  const specs = Array.from({ length: handlers }, (_, i) => ({ module, export: "Recorder", name: `${i}` }));
  const placed = await offThread(specs);
  let reads = 0;
  const inputs = {
    get question() {
      reads += 1;
      return "why?";
    },
  };
  await new AsyncCallbackManager({ handlers: [placed] }).onChainStart(null, inputs);
  await placed.close();
  return reads;
}

defect("c2", NO_PLACEMENT, async () => {
  const reads = await readsWith(1);
  expect(reads).toBeGreaterThan(0);
  expect(await readsWith(3)).toBe(reads);
});

defect("c5", OFF_THREAD, async (placement) => {
  const gate = new SharedArrayBuffer(4);
  await withPlaced(placement, [["Blocking", { gate }]], async (placed) => {
    const chain = await new AsyncCallbackManager({ handlers: [placed.handler] }).onChainStart(null, {});
    const end = chain.onChainEnd({});
    // The event loop goes on although the handler blocks: this thread opens the gate.
    await new Promise((resolve) => setImmediate(resolve));
    Atomics.store(new Int32Array(gate), 0, 1);
    Atomics.notify(new Int32Array(gate), 0);
    await end;
    expect(["ok", "not-equal"]).toContain((await taken(placed, "all")).join());
  });
});

defect("c35", HANDLED, async (placement) => {
  await withPlaced(placement, ["Recorder"], async (placed) => {
    const run = await new AsyncCallbackManager({ handlers: [placed.handler] }).onChainStart(null, {});
    await placed.call("take");
    for (const text of ["one", "two", "three"]) {
      await run.onText(text);
      // No flush: the event is handled when the caller goes on.
      expect((await placed.call("take")).flat()).toMatchObject([{ text }]);
    }
  });
});
