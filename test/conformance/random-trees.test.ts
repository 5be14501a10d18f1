import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ScriptedOptions } from "../fixtures/handlers.ts";
import { collectFailures, PLACEMENTS, type Placed } from "../placements.ts";
import { perform, predict, runTrees } from "../support/run-trees.ts";

/** Options of the handler on each placement; the last ones are inline again. */
const SCRIPTS: readonly ScriptedOptions[] = [
  {},
  { failsAt: ["on_chain_start", "on_llm_end", "on_text"] },
  { flags: ["ignoreChain", "ignoreRetriever"] },
  { flags: ["ignoreAgent"], failsAt: ["on_chain_error"] },
  { failsAt: ["on_tool_end"] },
  { raiseError: true, failsAt: ["on_tool_start", "on_chain_end"] },
  { flags: ["ignoreLLM", "ignoreChatModel"] },
];
const placements = SCRIPTS.map((_, i) => PLACEMENTS[i % PLACEMENTS.length] ?? PLACEMENTS[0]);
let placed: Placed[] = [];

beforeAll(async () => {
  placed = await Promise.all(
    SCRIPTS.map(async (script, i) => {
      const placement = placements[i];
      if (placement === undefined) throw new Error("no placement");
      return placement.place("Scripted", script);
    }),
  );
});
afterAll(async () => {
  await Promise.all(placed.map((each) => each.close()));
});

test("every handler gets the events that the rules predict, for any tree and placement", async () => {
  let laps = 0;
  const handlers = placed.map(({ handler }) => handler);
  await fc.assert(
    fc.asyncProperty(runTrees(SCRIPTS.length), async (tree) => {
      laps += 1;
      const prefix = `lap-${laps}`;
      const expected = predict(tree, SCRIPTS, prefix);
      const failures = await collectFailures(async () => {
        await perform(tree, handlers, prefix);
        await Promise.all(placed.map((each) => each.flush()));
      });
      const taken = await Promise.all(placed.map((each) => each.call<string[]>("take")));
      for (const [i, notes] of taken.map((lists) => lists.flat()).entries()) {
        const wanted = expected.notes[i] ?? [];
        if (placements[i]?.isOrdered) expect(notes).toEqual(wanted);
        else expect(notes.sort()).toEqual([...wanted].sort());
      }
      const reported = failures.map(({ event, runId }) => `${event} ${runId}`);
      expect(reported.sort()).toEqual([...expected.failures].sort());
    }),
    { numRuns: 150 },
  );
});
